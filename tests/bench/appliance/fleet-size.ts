/** How many agents the benches of the server connect. `BENCH_AGENTS` tries it with fewer; the targets are for this. */
export const AGENTS = Number(process.env.BENCH_AGENTS ?? 10_000);

/** How many of them shake hands at the same time. */
export const AT_ONCE = 64;

/** As `kace serve` tells its agents. */
export const HEARTBEAT_MS = 20_000;
