// Compiles engine/kernels/assembly (AssemblyScript) to one WebAssembly module. The result is kept in node_modules/.cache by a hash of
// the sources, as compiling takes longer than all the rest of a build.
//
//   node scripts/build-kernels.mjs [--text]    writes dist/kernels.wasm, and with --text dist/kernels.wat to read
//   node scripts/build-kernels.mjs --quick     optimizes little, and keeps nothing: for mutants (scripts/mutate.mjs)
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = 'engine/kernels/assembly';
const cache = join(root, 'node_modules/.cache/flowc');

/** Shared memory is the caller's: the module has neither data segments nor a heap of its own. 65536 pages: any segment of an arena. */
const options =
  '--enable simd --enable threads --importMemory --noExportMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 ' +
  '--runtime stub --noAssert';
const full = '--optimizeLevel 3 --shrinkLevel 0 --converge';
const little = '--optimizeLevel 1 --shrinkLevel 0';

/**
 * @param {{ text?: boolean, quick?: boolean }} [settings] `text`: compile anew and give the text format too; `quick`: compile anew, optimize little
 * @returns {Promise<{ binary: Uint8Array, text: string | null }>} rejects, after the compiler's messages were printed, when a source does not compile
 */
export async function compileKernels({ text = false, quick = false } = {}) {
  const path = join(cache, `kernels-${fingerprint()}.wasm`);
  if (!text && !quick) {
    try {
      return { binary: readFileSync(path), text: null };
    } catch {
      // Not compiled yet.
    }
  }
  const { default: asc } = await import('assemblyscript/asc');
  const written = new Map();
  const all = `${options} ${quick ? little : full}`.split(' ');
  const { error, stderr } = await asc.main(
    [join(sources, 'index.ts'), '-o', 'kernels.wasm', ...(text ? ['-t', 'kernels.wat'] : []), ...all],
    { readFile: (name, base) => readSource(join(base, name)), writeFile: (name, data) => written.set(name, data) },
  );
  const binary = written.get('kernels.wasm');
  if (error || binary === undefined) {
    console.error(stderr.toString());
    // As esbuild's: what is wrong has been printed.
    throw Object.assign(new Error('the kernels do not compile'), { errors: [] });
  }
  if (!quick) keep(path, binary);
  return { binary, text: written.get('kernels.wat') ?? null };
}

/** Imports carry the extension, as everywhere in the project; the compiler adds another. */
function readSource(path) {
  try {
    return readFileSync(join(root, path.replace(/\.ts\.ts$/, '.ts')), 'utf8');
  } catch {
    // The compiler tries several names for an import.
    return null;
  }
}

function fingerprint() {
  const hash = createHash('sha256').update(options).update(full);
  hash.update(readFileSync(createRequire(import.meta.url).resolve('assemblyscript/package.json')));
  for (const file of readdirSync(join(root, sources)).sort()) {
    hash.update(file).update(readFileSync(join(root, sources, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Several builds may run at one time: the file appears whole. A read-only installation goes without. */
function keep(path, binary) {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, binary);
    renameSync(temporary, path);
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code)) throw error;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const text = process.argv.includes('--text');
  const result = await compileKernels({ text, quick: process.argv.includes('--quick') });
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist/kernels.wasm'), result.binary);
  if (text) writeFileSync(join(root, 'dist/kernels.wat'), result.text);
}
