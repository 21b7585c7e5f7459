import type { Case } from './cases.ts';
import { INSTANTS } from './instants.ts';
import { LISTS } from './lists.ts';
import { MAPS } from './maps.ts';
import { NUMBERS } from './numbers.ts';
import { STRINGS } from './strings.ts';

/** Of every family. */
export const SCALAR_CASES: readonly Case[] = [...NUMBERS, ...STRINGS, ...INSTANTS, ...LISTS, ...MAPS];
