import type { DeviceState } from "../operations/device-words.ts";
import type { DeviceReason } from "../operations/devices.ts";
import type { DueMessage } from "../operations/messages.ts";
import type { ToldSettings } from "../operations/settings.ts";
import type { DueTask } from "../operations/tasks.ts";
import type { AgentMachine } from "./agent-machine.ts";
import type { Announcement } from "./announcement.ts";

/** An agent that said hello and was accepted. */
export interface ConnectedAgent {
  readonly kuid: string;
  readonly organization: string;
  readonly connectionId: string;
  readonly machine: AgentMachine;
  /** The other machine that was connected as this device when it came. */
  readonly tookPlaceOf: AgentMachine | undefined;
  /** When it was last heard, on the monotonic clock. */
  readonly heardAtMs: number;
  /** Tells it where it stands now, if that is not what it was told last. */
  tell(state: DeviceState, reason: DeviceReason | undefined): void;
  checkIn(): void;
  /** Sends a message of the queue. False where it cannot be sent yet. */
  deliver(message: DueMessage): boolean;
  /** Has it work on a task. False where it cannot be sent yet. */
  giveTask(task: DueTask): boolean;
  /** Has it end a task, or not begin it. */
  callBack(taskId: string): void;
  /** Tells it what to live by, if that is not what it was told last. */
  tellSettings(settings: ToldSettings): void;
  /** Tells it whom to trust, if that is not whom it trusts. */
  tellAuthorities(announcement: Announcement): void;
  /** Ends the connection with a code of RFC 6455, 7.4. */
  close(code: number, reason: string): void;
}

/** Close code: a newer connection of the same device took its place. */
export const CLOSED_REPLACED = 4000;
/** Close code: the device was deleted, and may come back as a new one. */
export const CLOSED_FORGOTTEN = 4001;
/** Close code of RFC 6455 for an end that goes away. */
export const CLOSED_GOING_AWAY = 1001;

/** The agents that are connected to this server, one connection a device. */
export class ConnectedAgents {
  readonly #byKuid = new Map<string, ConnectedAgent>();
  #joined = 0;

  /** How many connections there have been. */
  get joined(): number {
    return this.#joined;
  }

  get size(): number {
    return this.#byKuid.size;
  }

  all(): ConnectedAgent[] {
    return [...this.#byKuid.values()];
  }

  get(kuid: string): ConnectedAgent | undefined {
    return this.#byKuid.get(kuid);
  }

  /** The newest connection of a device is the one; the one before it is closed. @returns that one */
  add(agent: ConnectedAgent): ConnectedAgent | undefined {
    const older = this.#byKuid.get(agent.kuid);
    this.#byKuid.set(agent.kuid, agent);
    this.#joined += 1;
    older?.close(CLOSED_REPLACED, "replaced");
    return older;
  }

  /** @returns false where a newer connection has taken its place */
  remove(agent: ConnectedAgent): boolean {
    if (this.#byKuid.get(agent.kuid) !== agent) return false;
    this.#byKuid.delete(agent.kuid);
    return true;
  }

  /** Closes those that were silent for too long. */
  dropSilent(nowMs: number, limitMs: number): void {
    for (const agent of this.#byKuid.values()) {
      if (nowMs - agent.heardAtMs > limitMs) agent.close(CLOSED_GOING_AWAY, "silent for too long");
    }
  }

  closeAll(code: number, reason: string): void {
    for (const agent of this.#byKuid.values()) agent.close(code, reason);
  }
}
