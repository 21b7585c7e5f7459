// Writes the generated parts of README.md and docs/*.md:   npm run docs
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, root } from './pages.ts';

for (const { path, text, current } of await pages()) {
  if (text === current) continue;
  writeFileSync(join(root, path), current);
  console.log(`wrote ${path}`);
}
