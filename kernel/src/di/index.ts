export { dependenciesOf, inject, injectable, isToken, optional, tokenOf } from './dependencies.js';
export { type PluginContainer, type Service, ServiceContainer } from './service-container.js';
