// What the machine has left: the numbers of GET /v1/metrics.
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';

/** Percents from 0 to 100; mb and gb are powers of 1024, as in the original, which takes them from psutil. */
export interface SystemReading {
  readonly cpu_percent: number;
  readonly memory_percent: number;
  readonly memory_used_mb: number;
  readonly memory_total_mb: number;
  readonly disk_percent: number;
  readonly disk_used_gb: number;
  readonly disk_total_gb: number;
}

const mib = 1024 ** 2;
const gib = 1024 ** 3;
/** The kernel counts processor time in hundredths of a second: over less than this a percentage would be noise. */
const shortestInterval = 200;

/** @returns a function that reads the machine; its cpu_percent is the mean of all cores since the call before, or since it was made */
export function systemMetrics(dataDir: string): () => Promise<SystemReading> {
  let before = { ...processorTime(), at: performance.now() };
  let cpuPercent = 0;
  return async () => {
    const now = { ...processorTime(), at: performance.now() };
    if (now.at - before.at >= shortestInterval && now.total > before.total) {
      cpuPercent = percent(now.busy - before.busy, now.total - before.total);
      before = now;
    }
    const [total, used] = [totalmem(), totalmem() - freemem()];
    const disk = await statfs(dataDir);
    const diskUsed = (disk.blocks - disk.bfree) * disk.bsize;
    return {
      cpu_percent: cpuPercent,
      memory_percent: percent(used, total),
      memory_used_mb: round(used / mib),
      memory_total_mb: round(total / mib),
      // Of what this user may fill, as df has it: blocks reserved for root are neither used nor free.
      disk_percent: percent(diskUsed, diskUsed + disk.bavail * disk.bsize),
      disk_used_gb: round(diskUsed / gib),
      disk_total_gb: round((disk.blocks * disk.bsize) / gib),
    };
  };
}

function processorTime(): { busy: number; total: number } {
  let [busy, total] = [0, 0];
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used;
    total += used + times.idle;
  }
  return { busy, total };
}

const round = (value: number): number => Math.round(value * 100) / 100;

function percent(part: number, whole: number): number {
  return whole > 0 ? round(Math.min(100, Math.max(0, (100 * part) / whole))) : 0;
}
