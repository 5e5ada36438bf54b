import { applianceCheckin } from "./appliance/appliance-checkin.ts";
import { applianceConnections } from "./appliance/appliance-connections.ts";
import { applianceEnrol } from "./appliance/appliance-enrol.ts";
import { applianceQueries } from "./appliance/appliance-queries.ts";
import { applianceSettings } from "./appliance/appliance-settings.ts";
import type { Bench } from "./bench.ts";
import { kitCalls } from "./kit-calls.ts";
import { kitStart } from "./kit-start.ts";
import { kitUp } from "./kit-up.ts";
import { portsDead } from "./ports/ports-dead.ts";
import { portsLoopback } from "./ports/ports-loopback.ts";
import { rolloutAnsible } from "./rollout/rollout-ansible.ts";
import { rolloutInstall } from "./rollout/rollout-install.ts";
import { rolloutMemory } from "./rollout/rollout-memory.ts";
import { rolloutNoop } from "./rollout/rollout-noop.ts";
import { rolloutState } from "./rollout/rollout-state.ts";
import { rolloutUp } from "./rollout/rollout-up.ts";
import { targetsExpand } from "./targets/targets-expand.ts";

/** Every bench there is, in the order in which they run: the quick ones first. */
export const benches: readonly Bench[] = [
  kitStart,
  kitCalls,
  targetsExpand,
  portsLoopback,
  portsDead,
  rolloutState,
  applianceEnrol,
  applianceCheckin,
  applianceQueries,
  applianceConnections,
  applianceSettings,
  rolloutMemory,
  rolloutNoop,
  rolloutInstall,
  rolloutAnsible,
  rolloutUp,
  kitUp,
];
