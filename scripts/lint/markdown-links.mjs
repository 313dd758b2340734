import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Addresses of files of this repository where it is published: in packages, in the chart, in what an alert links to. */
const PUBLISHED =
  /https:\/\/github\.com\/rynxs\/rynxs-agentos\/(?:blob|tree)\/main\/([\w./-]*[\w/-](?:#[\w-]+)?)/g;
const WITH_ADDRESSES = /\.(md|ya?ml|json|ts|mjs|js|tpl|txt)$|Dockerfile$/;

/**
 * Checks that relative links in Markdown files lead to files that exist, and their fragments to headings; and, in all kinds of
 * files, addresses of files of this repository.
 *
 * @param {string} root @param {string[]} files relative to the root
 * @returns {string[]} one line per violation
 */
export function checkMarkdownLinks(root, files) {
  return [...relativeLinks(root, files), ...publishedLinks(root, files)];
}

function publishedLinks(root, files) {
  return files
    .filter((file) => WITH_ADDRESSES.test(file) && file !== 'package-lock.json')
    .flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(PUBLISHED)]
        .filter(([, target]) => !exists(root, 'README.md', target))
        .map(([address]) => `${file}: ${address} leads nowhere`),
    );
}

function relativeLinks(root, files) {
  return files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => {
      const text = withoutCode(readFileSync(join(root, file), 'utf8'));
      return [...text.matchAll(/\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)/g)]
        .map(([, target]) => target)
        .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target))
        .filter((target) => !exists(root, file, target))
        .map((target) => `${file}: ${target} leads nowhere`);
    });
}

function exists(root, file, target) {
  const [path, fragment] = target.split('#', 2);
  const absolute = path === '' ? join(root, file) : join(root, dirname(file), decodeURIComponent(path));
  if (relative(root, absolute).startsWith('..') || !existsSync(absolute)) return false;
  if (fragment === undefined || !absolute.endsWith('.md')) return true;
  return anchors(readFileSync(absolute, 'utf8')).has(fragment.toLowerCase());
}

/** Anchors as GitHub makes them from headings, and those that are written by hand. */
function anchors(text) {
  const found = new Set();
  const counts = new Map();
  for (const [, heading] of withoutCode(text, { inline: false }).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const [, id] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) found.add(id.toLowerCase());
  return found;
}

function withoutCode(text, { inline = true } = {}) {
  const blocks = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
  return inline ? blocks.replace(/`[^`\n]*`/g, '') : blocks;
}
