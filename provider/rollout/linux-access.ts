import * as z from "zod";
import { durationMs } from "../kit/define/scalars.ts";
import { limit, port } from "./scalars.ts";
import type { SshLogIn } from "./ssh-log-in.ts";

/**
 * The properties that say how Linux machines are reached and logged in to.
 *
 * @param credential what marks a property as needed to reach something: only resources keep any
 */
function accessProperties(credential: { readonly credential?: true }) {
  /** How a log-in proves who it is; every part of it is a credential. */
  const logIn = {
    username: z
      .string()
      .min(1)
      .max(255)
      .default("root")
      .meta({ description: "Who to log in as.", examples: ["deploy"] }),
    password: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "The password of `username`. It is offered once: a wrong one must not lock an account.",
        secret: true,
        ...credential,
      }),
    privateKey: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "The text of a private key in OpenSSH or PEM form.",
        secret: true,
        ...credential,
      }),
    passphrase: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "What the private key is encrypted with.", secret: true, ...credential }),
    certificate: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "The text of an OpenSSH user certificate for the private key.", ...credential }),
    agentSocket: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "The socket of an ssh agent that holds the key, such as the value of `SSH_AUTH_SOCK`.",
        ...credential,
      }),
  };

  const become = z
    .object({
      method: z
        .enum(["none", "sudo", "su"])
        .default("none")
        .meta({
          description: "How the log-in becomes root.",
          typeName: "BecomeMethod",
          valueDescriptions: { none: "Not at all: it is root.", sudo: "By sudo.", su: "By su." },
        }),
      password: z
        .string()
        .min(1)
        .optional()
        .meta({
          description: "The password that sudo or su asks for. Default for sudo: the log-in's own.",
          secret: true,
          ...credential,
        }),
    })
    .meta({ typeName: "Become", description: "How a log-in that is not root becomes root." });

  const hostKeys = z
    .object({
      policy: z
        .enum(["strict", "acceptNew", "insecure"])
        .default("acceptNew")
        .meta({
          description: "What is done with the host key of a machine that was not seen before.",
          typeName: "HostKeyPolicy",
          valueDescriptions: {
            strict: "Refused, unless `knownHosts` has it or it was pinned before.",
            acceptNew: "Accepted and pinned on the appliance; from then on only that key is accepted.",
            insecure: "Any key is accepted, always: for networks where nobody can come between.",
          },
        }),
      knownHosts: z
        .string()
        .optional()
        .meta({
          description: "Lines in the form of OpenSSH's `known_hosts`.",
          examples: ["web01 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGf9"],
        }),
    })
    .meta({ typeName: "HostKeys", description: "How machines prove who they are." });

  const jumpHost = z
    .object({
      host: z.string().min(1).meta({ description: "Its name or address." }),
      port: port().default(22).meta({ description: "The port of its sshd." }),
      ...logIn,
    })
    .meta({ typeName: "JumpHost", description: "A host that connections go through." });

  return {
    ...logIn,
    port: port().default(22).meta({ description: "The port of sshd." }),
    become: become.optional(),
    hostKeys: hostKeys.optional(),
    jumpHosts: z.array(jumpHost).default([]).meta({ description: "Hosts to go through, the first one first." }),
    requiredPorts: z
      .array(port())
      .optional()
      .meta({ description: "Ports that must be open before a machine is logged in to. Default: `port`.", set: true }),
    portScanTimeout: limit().default("2s").meta({ description: "How long a port may take to answer." }),
    bypassPortCheck: z
      .boolean()
      .default(false)
      .meta({ description: "Whether the ports are not looked at before; needed where `jumpHosts` are the only way." }),
    connectTimeout: limit().default("10s").meta({ description: "How long a connection may take to be made." }),
    authTimeout: limit().default("20s").meta({ description: "How long logging in may take." }),
    commandTimeout: limit().default("2m").meta({ description: "How long a command may take, installers apart." }),
  };
}

/** Of a resource. */
export const linuxAccess = accessProperties({ credential: true });

/** Of a function, which keeps nothing. */
export const linuxAccessOfCall = accessProperties({});

const access = z.object(linuxAccess);

/** Those properties, with every default filled in. */
export type LinuxAccess = z.output<typeof access>;

/** How a program says machines are logged in to, as connections need it. */
export function logInOf(linux: LinuxAccess): SshLogIn {
  const { username, password, privateKey, passphrase, certificate, agentSocket, port, become } = linux;
  const sudoPassword = become?.method === "sudo" ? (become.password ?? password) : become?.password;
  return {
    username,
    credentials: { password, privateKey, passphrase, certificate, agentSocket },
    port,
    become:
      become === undefined || become.method === "none"
        ? { method: "none" }
        : { method: become.method, password: sudoPassword },
    hostKeys: { policy: linux.hostKeys?.policy ?? "acceptNew", knownHosts: linux.hostKeys?.knownHosts },
    jumpHosts: linux.jumpHosts.map((jump) => ({
      host: jump.host,
      port: jump.port,
      username: jump.username,
      credentials: {
        password: jump.password,
        privateKey: jump.privateKey,
        passphrase: jump.passphrase,
        certificate: jump.certificate,
        agentSocket: jump.agentSocket,
      },
    })),
    requiredPorts: linux.requiredPorts ?? [port],
    portTimeoutMs: durationMs(linux.portScanTimeout),
    bypassPortCheck: linux.bypassPortCheck,
    connectTimeoutMs: durationMs(linux.connectTimeout),
    authTimeoutMs: durationMs(linux.authTimeout),
    commandTimeoutMs: durationMs(linux.commandTimeout),
  };
}
