import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const PROGRAMS = ['ceph', 'ceph-authtool', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'];
const START_MS = 60_000;

const run = promisify(execFile);

/** Programs that are not there. */
export function missingPrograms(): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return PROGRAMS.filter((p) => !folders.some((folder) => fs.existsSync(join(folder, p))));
}

/** A Ceph cluster in memory of one monitor, one storage daemon and a gateway that speaks S3 and checks signatures. */
export interface Cluster {
  readonly endpoint: string;
  /** Makes a user. */
  user(id: string, secret: string): Promise<void>;
  /** Kills the gateway. */
  killGateway(): Promise<void>;
  stop(): void;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function settings(dir: string, fsid: string, monitor: number, gateway: number): string {
  return `[global]
fsid = ${fsid}
mon_host = [v1:127.0.0.1:${monitor}]
mon_initial_members = a
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = ${dir}/keyring
run_dir = ${dir}
log_file = ${dir}/$name.log
admin_socket = ${dir}/$name.$pid.asok
pid_file = ${dir}/$name.pid
mon_data = ${dir}/mon
osd_data = ${dir}/osd
rgw_data = ${dir}/rgw
osd_objectstore = memstore
memstore_device_bytes = ${2 ** 31}
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
crush_location = root=default host=here
mon_allow_pool_size_one = true
paxos_propose_interval = 0.05
paxos_min_wait = 0.02
rgw_frontends = beast endpoint=127.0.0.1:${gateway} tcp_nodelay=1
rgw_run_sync_thread = false
`;
}

/** Up in 2 to 12 s. */
export async function startCluster(): Promise<Cluster> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
  for (const folder of ['mon', 'osd', 'rgw']) fs.mkdirSync(join(dir, folder));
  const [monitor, gateway] = [await freePort(), await freePort()];
  const fsid = randomUUID();
  const config = join(dir, 'ceph.conf');
  fs.writeFileSync(config, settings(dir, fsid, monitor, gateway));
  const children: ChildProcess[] = [];
  const start = (program: string, ...args: string[]): ChildProcess => {
    const child = spawn(program, ['-c', config, ...args, '-f'], { stdio: 'ignore' });
    children.push(child);
    return child;
  };
  const stop = (): void => {
    for (const c of children) c.kill('SIGKILL');
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', stop);

  const ring = join(dir, 'keyring');
  const key = (name: string, ...caps: string[]) => run('ceph-authtool', [ring, '--gen-key', '-n', name, ...caps]);
  await run('ceph-authtool', ['--create-keyring', ring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *']);
  await key('client.admin', '--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *');
  await key('osd.0', '--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *');
  await key('client.rgw', '--cap', 'mon', 'allow rw', '--cap', 'osd', 'allow rwx');
  const map = join(dir, 'monmap');
  await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[v1:127.0.0.1:${monitor}]`, map]);
  await run('ceph-mon', ['-c', config, '--mkfs', '-i', 'a', '--monmap', map, '--keyring', ring]);
  start('ceph-mon', '-i', 'a');
  const disk = randomUUID();
  await run('ceph', ['-c', config, '--connect-timeout', '30', 'osd', 'new', disk]);
  await run('ceph-osd', ['-c', config, '-i', '0', '--mkfs', '--osd-uuid', disk]);
  start('ceph-osd', '-i', '0');
  const radosgw = start('radosgw', '-n', 'client.rgw');
  const endpoint = `http://127.0.0.1:${gateway}`;
  await answering(endpoint, radosgw);
  return {
    endpoint,
    user: async (id, secret) => {
      const names = [`--uid=${id}`, `--display-name=${id}`, `--access-key=${id}`, `--secret-key=${secret}`];
      await run('radosgw-admin', ['-c', config, '-n', 'client.admin', 'user', 'create', ...names]);
    },
    killGateway: async () => {
      const gone = once(radosgw, 'exit');
      radosgw.kill('SIGKILL');
      await gone;
    },
    stop: () => {
      process.off('exit', stop);
      stop();
    },
  };
}

async function answering(endpoint: string, gateway: ChildProcess): Promise<void> {
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(100)) {
    if (gateway.exitCode !== null) throw new Error(`radosgw ended with code ${gateway.exitCode}`);
    try {
      await (await fetch(endpoint)).text();
      return;
    } catch {
      // Not yet.
    }
  }
  throw new Error(`radosgw does not answer after ${START_MS / 1000} s`);
}
