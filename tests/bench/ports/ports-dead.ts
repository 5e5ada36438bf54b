import { type Bench, inTurn } from "../bench.ts";
import { makeDeadNetwork } from "./dead-network.ts";
import { startListener, sweepInProcess } from "./sweeping.ts";

const RUNS = 1;
const MACHINES = 200;
const DEAD = 65_536 - MACHINES;
const PORT = 22;
const TIMEOUT_MS = 1_000;
const IN_FLIGHT = 1_024;
const MAX_OPEN = 8_192;

/** How long a network takes in which hardly anybody is. */
export const portsDead: Bench = {
  name: "ports.dead",
  description: `one port of a /16 with ${MACHINES} machines, against (dead addresses x time-out / probes in flight)`,
  async run({ runs = RUNS, folder, progress }) {
    const { network, enter, remove } = await makeDeadNetwork(MACHINES, folder);
    try {
      const listener = await startListener(PORT, enter);
      try {
        const seconds = async (maxOpen: number) => {
          progress(`a sweep with ${IN_FLIGHT} in flight and ${maxOpen} open`);
          const request = { ipRange: network, port: PORT, timeoutMs: TIMEOUT_MS, inFlight: IN_FLIGHT, maxOpen };
          const figures = await sweepInProcess(request, enter);
          if (figures.open !== MACHINES || figures.filtered !== DEAD)
            throw new Error(`found ${figures.open} machines and ${figures.filtered} silent addresses`);
          return figures.elapsedMs / 1_000;
        };
        const { steady, adapting } = await inTurn(runs, 0, {
          // No more open than in flight: a silent port keeps its place for the whole time-out.
          steady: () => seconds(IN_FLIGHT),
          adapting: () => seconds(MAX_OPEN),
        });
        const yardstick = new Array<number>(runs).fill((DEAD * TIMEOUT_MS) / IN_FLIGHT / 1_000);
        return {
          measurements: [
            {
              what: "places kept for the whole time-out",
              unit: "s",
              ours: steady,
              yardstick,
              target: { of: "ratio", bound: "at most", value: 1.3 },
            },
            {
              what: "places given on when answers come fast",
              unit: "s",
              ours: adapting,
              yardstick,
              target: { of: "ratio", bound: "at most", value: 0.9 },
            },
          ],
        };
      } finally {
        await listener.stop();
      }
    } finally {
      await remove();
    }
  },
};
