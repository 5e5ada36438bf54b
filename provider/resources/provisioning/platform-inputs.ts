import * as z from "zod";
import { limit, port } from "./scalars.ts";

/** How a log-in proves who it is; every part of it is a credential. */
const logIn = {
  username: z
    .string()
    .min(1)
    .max(255)
    .default("root")
    .meta({ description: "Who to log in as.", examples: ["deploy"] }),
  password: z.string().min(1).optional().meta({
    description: "The password of `username`. It is offered once: a wrong one must not lock an account.",
    secret: true,
    credential: true,
  }),
  privateKey: z.string().min(1).optional().meta({
    description: "The text of a private key in OpenSSH or PEM form.",
    secret: true,
    credential: true,
  }),
  passphrase: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "What the private key is encrypted with.", secret: true, credential: true }),
  certificate: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "The text of an OpenSSH user certificate for the private key.", credential: true }),
  agentSocket: z.string().min(1).optional().meta({
    description: "The socket of an ssh agent that holds the key, such as the value of `SSH_AUTH_SOCK`.",
    credential: true,
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
    password: z.string().min(1).optional().meta({
      description: "The password that sudo or su asks for. Default for sudo: the log-in's own.",
      secret: true,
      credential: true,
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

/** How Linux machines are reached, and what is particular to them. */
export const linux = z
  .object({
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
    state: z
      .enum(["present", "removed"])
      .optional()
      .meta({
        description: "Overrides `state` for Linux machines.",
        typeName: "AgentPresence",
        valueDescriptions: { present: "Installed, enrolled and running.", removed: "Not there." },
      }),
    removeDataDirectory: z
      .boolean()
      .optional()
      .meta({ description: "Overrides `removeDataDirectory` for Linux machines." }),
  })
  .meta({ typeName: "LinuxPlatform", description: "Linux machines: how they are reached over SSH." });
