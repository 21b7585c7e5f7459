/** 12 hexadecimal digits for the name of a file or folder. Not of node:crypto, which takes 2 ms to load. */
export function randomName(): string {
  return Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0');
}
