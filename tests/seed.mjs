// Preloaded by the test runner: properties run over the same cases each time, so that a change is judged by what it changed. `SEED=n npm test` takes other
// cases, `SEED=random` new ones each time; a file run by hand has new ones, too.
import fc from 'fast-check';

const wanted = process.env.SEED ?? '20261130';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
