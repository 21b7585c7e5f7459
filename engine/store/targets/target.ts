/**
 * Where spill files lie: a local directory, or an S3-compatible bucket. Calls are synchronous: the calling thread waits. Names of files
 * are a store's own; a target puts them into a folder (a key prefix) of that store, `flowc-<pid>-<random>`.
 */
export interface SpillTarget {
  /** As the user named it, for messages: `/tmp`, `s3://bucket/prefix`. */
  readonly place: string;
  /** Whether more can be written behind what a file has; false: a file is written by one call and never again. */
  readonly appendable: boolean;
  /**
   * Writes all of the views, one after another, from byte `offset` of the file on; the file is made when it is not there. After a failure the file
   * is no longer than `offset`. Throws the system's error (with its `code`) or an Error.
   */
  write(file: string, offset: number, views: readonly Uint8Array[]): void;
  /** Fills `into` from byte `offset` on. Throws an Error when the file is gone or too short. */
  read(file: string, offset: number, into: Uint8Array): void;
  /** Removes a file; one that is not there is no error. Retries; throws when it is there still. */
  remove(file: string): void;
  /** Closes what the calling thread has open. */
  close(): void;
  /** Removes the store's whole folder. Called by the thread that made the store, when others may still run. Never throws. */
  removeAll(): void;
}
