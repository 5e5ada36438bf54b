import { type Bench, inTurn } from "../bench.ts";
import { obtainAnsible, playbook, type Tuning } from "./ansible/ansible.ts";
import { givePython } from "./ansible/hosts-python.ts";
import { Fleet, type Program } from "./fleet.ts";

const HOSTS = 100;
const RUNS = 1;

interface Figures {
  /** Machines a second. */
  readonly rate: number;
  /** What a machine cost the controller. */
  readonly processorMs: number;
}

/** How much sooner than with the tool that most people use; the time a tool needs to start is in both. */
export const rolloutAnsible: Bench = {
  name: "rollout.ansible",
  description: `machines a second, of ${HOSTS}: the engine against ansible-core doing the same job, tuned and as it comes`,
  async run({ runs = RUNS, folder, progress }) {
    const program = await obtainAnsible(progress);
    const fleet = await Fleet.up(HOSTS, folder, progress);
    try {
      progress("the hosts get Python, which Ansible needs there");
      await givePython(fleet, HOSTS, folder);
      const figuresOf = (what: string, wallMs: number, processorMs: number): Figures => {
        progress(
          `${what}: ${(wallMs / 1_000).toFixed(1)} s, of the controller's processors ${(processorMs / 1_000).toFixed(1)} s`,
        );
        return { rate: HOSTS / (wallMs / 1_000), processorMs: processorMs / HOSTS };
      };
      const own = (program: Program, expected: "installed" | "right") => async () => {
        if (expected === "installed") await fleet.forget(HOSTS);
        const begin = performance.now();
        const figures = await fleet.work(program, HOSTS);
        if (figures[expected] !== HOSTS) throw new Error(`${program} found ${figures[expected]} machines ${expected}`);
        return figuresOf(`${program}, ${expected}`, performance.now() - begin, figures.processorMs);
      };
      const theirs = (tuning: Tuning, expected: "installed" | "right") => async () => {
        if (expected === "installed") await fleet.forget(HOSTS);
        const { wallMs, processorMs, changed } = await playbook(program, fleet, HOSTS, { tuning, folder });
        if (changed !== (expected === "installed" ? HOSTS : 0)) throw new Error(`Ansible changed ${changed} machines`);
        return figuresOf(`Ansible ${tuning}, ${expected}`, wallMs, processorMs);
      };
      const installs = await inTurn(runs, 0, {
        ours: own("engine-loop.ts", "installed"),
        bare: own("bare-loop.ts", "installed"),
        tuned: theirs("tuned", "installed"),
        defaults: theirs("defaults", "installed"),
      });
      await fleet.forget(HOSTS);
      await fleet.work("engine-loop.ts", HOSTS); // so that our receipts are there
      const looks = await inTurn(runs, 0, {
        ours: own("engine-loop.ts", "right"),
        bare: own("bare-loop.ts", "right"),
        tuned: theirs("tuned", "right"),
        defaults: theirs("defaults", "right"),
      });
      const rates = (figures: readonly Figures[]) => figures.map(({ rate }) => rate);
      const processor = (figures: readonly Figures[]) => figures.map(({ processorMs }) => processorMs);
      return {
        measurements: [
          {
            what: "installs, against tuned Ansible",
            unit: "/s",
            ours: rates(installs.ours),
            yardstick: rates(installs.tuned),
            target: { of: "ratio", bound: "at least", value: 8 },
          },
          {
            what: "installs, against its defaults",
            unit: "/s",
            ours: rates(installs.ours),
            yardstick: rates(installs.defaults),
          },
          {
            what: "installs by the bare loop, against tuned Ansible",
            unit: "/s",
            ours: rates(installs.bare),
            yardstick: rates(installs.tuned),
          },
          {
            what: "looks at right machines, against tuned Ansible",
            unit: "/s",
            ours: rates(looks.ours),
            yardstick: rates(looks.tuned),
            target: { of: "ratio", bound: "at least", value: 20 },
          },
          {
            what: "looks at right machines, against its defaults",
            unit: "/s",
            ours: rates(looks.ours),
            yardstick: rates(looks.defaults),
          },
          {
            what: "looks by the bare loop, against tuned Ansible",
            unit: "/s",
            ours: rates(looks.bare),
            yardstick: rates(looks.tuned),
          },
          {
            what: "controller's processor time a machine, install",
            unit: "ms",
            ours: processor(installs.ours),
            yardstick: processor(installs.tuned),
          },
          {
            what: "controller's processor time a machine, look",
            unit: "ms",
            ours: processor(looks.ours),
            yardstick: processor(looks.tuned),
          },
        ],
        notes: [
          "The machines share these processors with who works on them, and with Ansible the Python that it runs there; on a fleet of their own that part is parallel. The bare loop runs the same scripts and does nothing else: in a run that nothing disturbed, no engine could reach much more here.",
        ],
      };
    } finally {
      await fleet.down();
    }
  },
};
