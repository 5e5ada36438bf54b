import type { WebSocket } from "ws";
import type { DeviceState } from "../operations/device-words.ts";
import type { DeviceReason } from "../operations/devices.ts";
import type { DueMessage } from "../operations/messages.ts";
import type { ToldSettings } from "../operations/settings.ts";
import type { DueTask } from "../operations/tasks.ts";
import { type AgentMachine, areTwoMachines } from "./agent-machine.ts";
import { type Announcement, mustBeTold } from "./announcement.ts";
import type { ConnectedAgent } from "./connected-agents.ts";
import { settingsOnWire } from "./messages.ts";
import type { ServerMessage } from "./server-messages.ts";

/** Where a device stands, as its agent was told last. */
export interface Standing {
  readonly state: DeviceState;
  readonly reason?: DeviceReason | undefined;
}

/** The server's side of an agent whose hello was good. */
export class AcceptedAgent implements ConnectedAgent {
  readonly kuid: string;
  readonly organization: string;
  readonly connectionId: string;
  readonly machine: AgentMachine;
  tookPlaceOf: AgentMachine | undefined;
  standing: Standing;
  /** Before it was welcomed nothing else is said to it. */
  welcomed = false;
  /** Of the settings that it was told last. */
  toldRevision = 0;
  /** What it said that it trusts, as one text; undefined where it is too old to say. */
  trusts: string | undefined;
  heardAtMs: number;
  readonly #socket: WebSocket;
  readonly #send: (message: ServerMessage) => void;
  readonly #monotonicMs: () => number;

  constructor(
    {
      kuid,
      organization,
      connectionId,
      machine,
    }: Pick<AcceptedAgent, "kuid" | "organization" | "connectionId" | "machine">,
    socket: WebSocket,
    send: (message: ServerMessage) => void,
    monotonicMs: () => number,
    standing: Standing,
  ) {
    this.kuid = kuid;
    this.organization = organization;
    this.connectionId = connectionId;
    this.machine = machine;
    this.#socket = socket;
    this.#send = send;
    this.#monotonicMs = monotonicMs;
    this.heardAtMs = monotonicMs();
    this.standing = standing;
  }

  /**
   * Whether this one and the one whose place it takes are two machines that take each other's place again and again. Once
   * is not enough: a machine may come back with another card before the server knew that it was gone.
   */
  takesTurnsWith(other: Pick<ConnectedAgent, "machine" | "tookPlaceOf">): boolean {
    if (!areTwoMachines(other.machine, this.machine)) return false;
    this.tookPlaceOf = other.machine;
    return other.tookPlaceOf !== undefined && !areTwoMachines(other.tookPlaceOf, this.machine);
  }

  heard(): void {
    this.heardAtMs = this.#monotonicMs();
  }

  tell(state: DeviceState, reason: DeviceReason | undefined): void {
    if (this.standing.state === state && this.standing.reason === reason) return;
    this.standing = { state, reason };
    if (this.welcomed) this.#send({ type: "state", state, reason });
  }

  checkIn(): void {
    if (this.welcomed) this.#send({ type: "check-in" });
  }

  deliver({ id, type, payload }: DueMessage): boolean {
    if (!this.welcomed) return false;
    this.#send(
      type === "check-in" ? { type: "check-in", messageId: id } : { type: "message", id, messageType: type, payload },
    );
    return true;
  }

  giveTask({ id, type, priority, timeoutSeconds, payload }: DueTask): boolean {
    if (!this.welcomed) return false;
    this.#send({ type: "task", id, taskType: type, priority, timeoutSeconds, payload });
    return true;
  }

  callBack(taskId: string): void {
    if (this.welcomed) this.#send({ type: "task-cancel", id: taskId });
  }

  tellSettings(settings: ToldSettings, known = this.toldRevision): void {
    if (!this.welcomed || settings.revision === known) return;
    this.toldRevision = settings.revision;
    this.#send({ type: "settings", settings: settingsOnWire(settings) });
  }

  tellAuthorities(announcement: Announcement): void {
    if (!this.welcomed || !mustBeTold(this.trusts, announcement)) return;
    this.#send({ type: "authorities", authorities: announcement.certificates });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
}
