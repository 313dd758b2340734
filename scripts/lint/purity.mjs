import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parse } from 'acorn';

/**
 * Modules whose functions must give the same bytes for the same arguments in every process, at every time. What they
 * import from this repository must be pure as well.
 */
export const PURE_MODULES = [
  'kernel/dist/reconcile/children.js',
  'kernel/dist/reconcile/decision.js',
  'kernel/dist/reconcile/events.js',
  'kernel/dist/reconcile/owned-fields.js',
  'kernel/dist/reconcile/projection.js',
  'kernel/dist/reconcile/scrub.js',
  'plugins/agent-sandbox/dist/decide.js',
  'plugins/agent-sandbox/dist/expiry.js',
  'plugins/agent-sandbox/dist/manifests/manifests.js',
  'plugins/agent-sandbox/dist/observe.js',
  'plugins/agent-sandbox/dist/reduce.js',
  'plugins/agent-sandbox/dist/schema/recorded-spec.js',
  'plugins/agent-sandbox/dist/session/reduce-session.js',
  'plugins/agent-sandbox/dist/universe/reduce-universe.js',
  'plugins/agent-sandbox/dist/universe/tenancy.js',
];

/** What may be imported from Node: hashing, which depends on its arguments alone, and bytes. */
const PURE_BUILTINS = {
  'node:crypto': ['hash', 'createHash', 'createHmac'],
  'node:buffer': ['Buffer'],
};

const IMPURE_GLOBALS = new Set([
  ...['process', 'performance', 'crypto', 'fetch', 'WebSocket', 'EventSource', 'navigator', 'console'],
  ...[
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'Intl',
    'globalThis',
    'global',
    'require',
  ],
]);

/** Methods whose result depends on the locale or the time zone of the process. */
const LOCAL_METHOD =
  /^(toLocale.*|localeCompare|getTimezoneOffset|[gs]et(Date|Day|FullYear|Hours|Minutes|Month|Year)|toDateString|toTimeString)$/;

/**
 * Checks `modules` and all that they import.
 *
 * @param {string} root @param {string[]} modules compiled modules relative to the root
 * @returns {string[]} one line per violation: place and what is impure there
 */
export function checkPurity(root, modules = PURE_MODULES) {
  const violations = [];
  const visited = new Set();
  const queue = modules.map((module) => join(root, module));
  for (const file of queue) {
    if (visited.has(file)) continue;
    visited.add(file);
    if (!existsSync(file)) {
      violations.push(`${relative(root, file)}: no such module`);
      continue;
    }
    const program = parseModule(file);
    const report = (node, text) => violations.push(`${relative(root, file)}:${node.loc.start.line}: ${text}`);
    findImpureExpressions(program, report);
    for (const { node, source, names } of importsOf(program)) {
      if (source.startsWith('.')) queue.push(join(dirname(file), source));
      else if (source.startsWith('@rynxs/')) queue.push(...definitions(root, source, names));
      else if (!names.every((name) => PURE_BUILTINS[source]?.includes(name)))
        report(node, `imports ${names.join(', ')} from ${source}`);
    }
  }
  return violations;
}

function parseModule(file) {
  return parse(readFileSync(file, 'utf8'), { ecmaVersion: 'latest', sourceType: 'module', locations: true });
}

function findImpureExpressions(program, report) {
  const declared = declaredNames(program);
  walk(program, [], (node, ancestors) => {
    const parent = ancestors.at(-1);
    switch (node.type) {
      case 'Identifier':
        if (!isReference(node, parent) || declared.has(node.name)) return;
        if (IMPURE_GLOBALS.has(node.name)) report(node, `uses ${node.name}`);
        if (node.name === 'Date' && !isPureDate(node, parent)) report(node, 'uses Date without a given time');
        return;
      case 'MemberExpression': {
        const name = node.computed ? node.property.value : node.property.name;
        if (node.object.name === 'Math' && name === 'random') report(node, 'uses Math.random');
        if (node.object.name === 'Math' && node.computed && typeof name !== 'string')
          report(node, 'computes a member of Math');
        if (typeof name === 'string' && LOCAL_METHOD.test(name))
          report(node, `uses ${name}, which depends on where it runs`);
        return;
      }
      case 'ImportExpression':
        report(node, 'imports at run time');
        return;
      case 'MetaProperty':
        if (node.meta.name === 'import') report(node, 'uses import.meta');
        return;
      case 'AwaitExpression':
        report(node, 'waits');
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        if (node.async) report(node, 'is asynchronous');
        return;
    }
  });
}

/** `Date.parse(x)`, `Date.UTC(…)`, `new Date(x)` and `x instanceof Date` depend on their arguments alone. */
function isPureDate(node, parent) {
  if (parent.type === 'MemberExpression')
    return !parent.computed && ['parse', 'UTC'].includes(parent.property.name);
  if (parent.type === 'NewExpression') return parent.callee === node && parent.arguments.length === 1;
  return parent.type === 'BinaryExpression' && parent.operator === 'instanceof';
}

function isReference(node, parent) {
  if (parent.type === 'MemberExpression') return parent.object === node || parent.computed;
  if (['Property', 'PropertyDefinition', 'MethodDefinition'].includes(parent.type)) {
    return parent.value === node || parent.computed;
  }
  return ![
    'ImportSpecifier',
    'ExportSpecifier',
    'LabeledStatement',
    'BreakStatement',
    'ContinueStatement',
  ].includes(parent.type);
}

/** Names that the module binds anywhere: a local `process` is not the global one. */
function declaredNames(program) {
  const names = new Set();
  const bind = (pattern) => {
    if (pattern == null) return;
    if (pattern.type === 'Identifier') names.add(pattern.name);
    if (pattern.type === 'ObjectPattern')
      for (const property of pattern.properties) bind(property.value ?? property.argument);
    if (pattern.type === 'ArrayPattern') pattern.elements.forEach(bind);
    if (pattern.type === 'AssignmentPattern') bind(pattern.left);
    if (pattern.type === 'RestElement') bind(pattern.argument);
  };
  walk(program, [], (node) => {
    if (node.type === 'VariableDeclarator') bind(node.id);
    if (/Function/.test(node.type)) node.params.forEach(bind);
    if (/^(Function|Class)Declaration$/.test(node.type)) bind(node.id);
    if (/^Import.*Specifier$/.test(node.type)) bind(node.local);
    if (node.type === 'CatchClause') bind(node.param);
  });
  return names;
}

function walk(node, ancestors, visit) {
  visit(node, ancestors);
  for (const [key, child] of Object.entries(node)) {
    if (key === 'loc') continue;
    for (const item of Array.isArray(child) ? child : [child]) {
      if (typeof item?.type === 'string') walk(item, [...ancestors, node], visit);
    }
  }
}

function importsOf(program) {
  return program.body.flatMap((node) => {
    if (node.source == null) return [];
    if (node.type === 'ExportAllDeclaration') return [{ node, source: node.source.value, names: ['*'] }];
    const names = node.specifiers.map((specifier) => {
      if (node.type === 'ExportNamedDeclaration') return specifier.local.name;
      return specifier.type === 'ImportSpecifier' ? specifier.imported.name : '*';
    });
    return [{ node, source: node.source.value, names: names.length === 0 ? ['*'] : names }];
  });
}

/** The modules of another package in which `names` are defined; the entry point itself when that cannot be told. */
function definitions(root, packageName, names) {
  const entry = join(root, 'node_modules', packageName, 'dist/index.js');
  return names.map((name) => (name === '*' ? entry : (definition(entry, name) ?? entry)));
}

function definition(file, name) {
  if (!existsSync(file)) return undefined;
  const program = parseModule(file);
  for (const node of program.body) {
    if (node.type === 'ExportNamedDeclaration') {
      const specifier = node.specifiers.find(({ exported }) => exported.name === name);
      if (specifier !== undefined) {
        return node.source?.value.startsWith('.')
          ? definition(join(dirname(file), node.source.value), specifier.local.name)
          : file;
      }
      const declarations = node.declaration?.declarations ?? [node.declaration];
      if (declarations.some((declaration) => declaration?.id?.name === name)) return file;
    }
    if (node.type === 'ExportAllDeclaration' && node.source.value.startsWith('.')) {
      const found = definition(join(dirname(file), node.source.value), name);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
