import type { IoClient } from '../../io/client.ts';
import type { RemoteFolder } from '../../io/protocol.ts';
import { parseS3Url, s3Place } from './s3_url.ts';
import type { SpillTarget } from './target.ts';

/** How long the end of a store may wait for its objects to be removed: a process that is ended should end. */
const REMOVE_MS = 10_000;
/** The thread that removes first ends the transfers that go on, which takes a moment of its own. */
const GRACE_MS = 10_000;

/**
 * Objects in a bucket, below `<prefix>/<folder>/`; the I/O thread behind `client` makes the requests. `url`: `s3://bucket/prefix?…`. Throws RunError
 * FLOW7016 for an address that cannot be read.
 */
export function s3Target(url: string, folder: string, client: IoClient): SpillTarget {
  const at: RemoteFolder = { url, folder };
  return {
    place: s3Place(parseS3Url(url)),
    appendable: false,
    write: (file, _offset, views) => client.call({ op: 'write', at, file, views }),
    read: (file, offset, into) => client.call({ op: 'read', at, file, offset, into }),
    remove: (file) => client.call({ op: 'remove', at, file }),
    close: () => undefined,
    removeAll: () => {
      try {
        client.call({ op: 'removeAll', at, ms: REMOVE_MS }, REMOVE_MS + GRACE_MS);
      } catch {
        // Not reached or not allowed any more: the next store made at this place by this machine cleans up.
      }
    },
  };
}

/**
 * Whether the place can be used, by writing, listing and removing a little; then removes what dead processes of this machine left. Throws RunError FLOW7008
 * that says what is missing, FLOW7016 without the SDK.
 */
export function prepareS3(url: string, folder: string, client: IoClient): void {
  client.call({ op: 'prepare', at: { url, folder } });
}
