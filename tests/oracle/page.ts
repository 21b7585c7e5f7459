// Writes docs/differences.md: node --import tsx tests/oracle/page.ts
import { writeFileSync } from 'node:fs';
import { differencesPage } from './differences.ts';

writeFileSync(new URL('../../docs/differences.md', import.meta.url), differencesPage());
