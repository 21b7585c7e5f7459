// Folders of the checkout.
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const DATA = fileURLToPath(new URL('../../data/', import.meta.url));
export const BENCH = fileURLToPath(new URL('../../', import.meta.url));
