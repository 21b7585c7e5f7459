import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolders } from '../../engine/io/folders.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../exit.ts';
import { fileError } from '../io.ts';
import { starterFiles } from '../starter.ts';

/** Makes a folder with a small project that runs at once. Never touches what is there. @returns the exit code */
export async function newProject(folder: string, context: Context): Promise<number> {
  const name = basename(folder);
  if (!/^[a-z][a-z0-9_-]*$/.test(name)) {
    throw new UsageError(
      `'${name}' is not a name for a project`,
      'a name is a small letter, then small letters, digits, - and _: flowc new sales',
    );
  }
  if (existsSync(folder) && (!isFolder(folder) || readdirSync(folder).length > 0)) {
    throw new UsageError(`${folder} is there already and not empty`, 'nothing was changed: choose another name');
  }
  const files = Object.entries(starterFiles(name, folder));
  try {
    for (const [path, text] of files) {
      makeFolders(dirname(join(folder, path)));
      writeFileSync(join(folder, path), text, { flag: 'wx' });
    }
  } catch (error) {
    throw fileError(folder, error, 'written');
  }
  await context.stdout.write(`${files.map(([path]) => `${join(folder, path)}\n`).join('')}\n`);
  await context.stdout.write(`Try it:\n\n    cd ${folder}\n    flowc run ${name}.flow\n    npm install && npm test\n`);
  return EXIT.done;
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}
