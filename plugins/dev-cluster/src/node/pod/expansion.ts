/**
 * Replaces `$(NAME)` by the variable's value; an unknown name stays as it is, and `$$` is a dollar sign, as Kubernetes
 * has it for commands, arguments and values of variables.
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    return Object.hasOwn(variables, name) ? (variables[name] ?? '') : match;
  });
}
