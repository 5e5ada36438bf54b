import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { ByteSource } from "../../provider/machines/machine.ts";
import { connectSsh, type SshOptions } from "../../provider/machines/ssh/connect.ts";
import { freePort, makeKey, temporaryFolder } from "./sshd.ts";

const folder = temporaryFolder();
const hostKey = makeKey(folder, "host", "ed25519");
const opened: { close(): void }[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of opened.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function options(port: number, others: Partial<SshOptions> = {}): SshOptions {
  return {
    host: "127.0.0.1",
    port,
    username: "someone",
    credentials: { password: "right" },
    hostKeys: { mode: "pinned", keys: [hostKey.publicKey] },
    connectTimeoutMs: 60_000,
    authTimeoutMs: 60_000,
    ...others,
  };
}

async function listening(server: Server): Promise<number> {
  opened.push(server);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A port that does something with each connection. */
const tcp = (onConnection: (socket: Socket) => void) => listening(createServer(onConnection));

/** An SSH server whose behaviour the test decides. */
async function server(onClient: (client: Connection) => void): Promise<number> {
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    client.on("error", () => client.end());
    onClient(client);
  });
  // The library's server listens by a server of its own; ours takes part in the clean-up.
  return listening(
    createServer((socket) => {
      ssh.injectSocket(socket);
    }),
  );
}

/** Lets everybody in and hands each command's channel over. */
const withCommands = (onExec: (channel: ServerChannel, client: Connection, command: string) => void) =>
  server((client) => {
    client.on("authentication", (context) => context.accept());
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, info) => onExec(acceptExec(), client, info.command));
    });
  });

describe("a port", () => {
  test("where nothing listens is closed", async () => {
    await expect(connectSsh(options(await freePort()))).rejects.toMatchObject({
      code: "port-closed",
      transient: false,
    });
  });

  test("that accepts and stays silent is said to be", async () => {
    const port = await tcp(() => undefined);
    await expect(connectSsh(options(port, { connectTimeoutMs: 5_000 }))).rejects.toMatchObject({
      code: "connect-timeout",
      message: "the port accepts connections but says nothing",
      transient: true,
    });
  });

  test("that says its name and no more is said to", async () => {
    const port = await tcp((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"));
    await expect(connectSsh(options(port, { authTimeoutMs: 300 }))).rejects.toMatchObject({
      code: "connect-timeout",
      message: "the port says something but does not go on with the SSH handshake",
      transient: true,
    });
  });

  test("that never answers times out", async () => {
    const dial = (_address: string, _port: number, signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    await expect(connectSsh(options(22, { dial, connectTimeoutMs: 300 }))).rejects.toMatchObject({
      code: "connect-timeout",
      message: "port 22 did not answer",
      transient: true,
    });
  });

  test("that drops connections, as a server with too many does, is worth trying again", async () => {
    const dropped = await tcp((socket) => socket.destroy());
    await expect(connectSsh(options(dropped))).rejects.toMatchObject({ code: "lost", transient: true });
    const reset = await tcp((socket) => socket.resetAndDestroy());
    await expect(connectSsh(options(reset))).rejects.toMatchObject({ code: "lost", transient: true });
    const after = await tcp((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    await expect(connectSsh(options(after))).rejects.toMatchObject({ code: "lost", transient: true });
  });

  test("that speaks something else is not worth trying again", async () => {
    const port = await tcp((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
    await expect(connectSsh(options(port))).rejects.toMatchObject({ code: "lost" });
    const rubbish = await tcp((socket) => socket.write(Buffer.from(`SSH-2.0-x\r\n${"\xff".repeat(4000)}`, "latin1")));
    await expect(connectSsh(options(rubbish))).rejects.toMatchObject({ code: "lost" });
  });

  test.each(["tcp", "silent"])("is left when nobody wants it any more (%s)", async (stage) => {
    const cancel = new AbortController();
    const connected = Promise.withResolvers<void>();
    const port = await tcp(() => connected.resolve());
    const dial = () => {
      connected.resolve();
      return new Promise<never>((_, reject) => {
        cancel.signal.addEventListener("abort", () => reject(cancel.signal.reason));
      });
    };
    const connecting = connectSsh(options(port, { signal: cancel.signal, ...(stage === "tcp" ? { dial } : {}) }));
    connecting.catch(() => undefined);
    await connected.promise;
    cancel.abort();
    await expect(connecting).rejects.toMatchObject({ code: "cancelled" });
    await expect(connectSsh(options(port, { signal: cancel.signal }))).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a password", () => {
  /** A server that counts the passwords it is shown. */
  async function counting(methods: ("password" | "keyboard-interactive")[], rounds = 1) {
    const shown: string[] = [];
    const port = await server((client) => {
      client.on("authentication", (context) => {
        if (context.method === "password") {
          shown.push(context.password);
          if (context.password === "right") context.accept();
          else context.reject(methods);
        } else if (context.method === "keyboard-interactive") {
          const ask = (round: number) => {
            context.prompt([{ prompt: "Password: ", echo: false }], (answers) => {
              shown.push(...answers);
              if (answers[0] === "right") context.accept();
              else if (round < rounds) ask(round + 1);
              else context.reject(methods);
            });
          };
          ask(1);
        } else context.reject(methods);
      });
    });
    return { port, shown };
  }

  test.each([
    [["password" as const]],
    [["keyboard-interactive" as const]],
    [["password" as const, "keyboard-interactive" as const]],
  ])("that is right is sent once: %j", async (methods) => {
    const { port, shown } = await counting(methods);
    const machine = await connectSsh(options(port));
    await machine.close();
    expect(shown).toEqual(["right"]);
  });

  test.each([
    [["password" as const], 1],
    [["keyboard-interactive" as const], 1],
    [["keyboard-interactive" as const], 3],
    [["password" as const, "keyboard-interactive" as const], 3],
  ])("that is wrong is sent once: %j, asked %d times", async (methods, rounds) => {
    const { port, shown } = await counting(methods, rounds);
    await expect(connectSsh(options(port, { credentials: { password: "wrong" } }))).rejects.toMatchObject({
      code: "auth-failed",
      transient: false,
      message: expect.not.stringContaining("wrong"),
    });
    expect(shown).toEqual(["wrong"]);
  });

  test.each([
    ["a code beside it", [{ prompt: "Password: " }, { prompt: "Code: " }]],
    ["a code", [{ prompt: "Verification code: " }]],
    ["a new one", [{ prompt: "New password: " }]],
    ["something shown", [{ prompt: "Your name: ", echo: true }]],
  ])("is not given where the server asks for %s", async (_, prompts) => {
    const answered: string[] = [];
    const port = await server((client) => {
      client.on("authentication", (context) => {
        if (context.method !== "keyboard-interactive") context.reject(["keyboard-interactive"]);
        else context.prompt(prompts, (answers) => answered.push(...answers));
      });
    });
    await expect(connectSsh(options(port))).rejects.toMatchObject({
      code: "auth-failed",
      message: "the log-in as someone needs a person: the server asks for more than a password",
    });
    expect(answered).toEqual([]);
  });

  test("that has expired is said to have", async () => {
    const port = await server((client) => {
      client.on("authentication", (context) => {
        if (context.method === "password") context.requestChange("expired", () => context.reject());
        else context.reject(["password"]);
      });
    });
    await expect(connectSsh(options(port))).rejects.toMatchObject({
      code: "auth-failed",
      message: expect.stringContaining("the password has expired"),
    });
  });

  test("comes after the key where the server wants both", async () => {
    const steps: string[] = [];
    const port = await server((client) => {
      client.on("authentication", (context) => {
        if (context.method === "publickey") {
          if (context.signature === undefined) context.accept();
          else {
            steps.push("key");
            context.reject(["password"], true);
          }
        } else if (context.method === "password" && steps.includes("key")) {
          steps.push("password");
          context.accept();
        } else context.reject(["publickey"]);
      });
    });
    const key = makeKey(folder, "both", "ed25519");
    const machine = await connectSsh(options(port, { credentials: { password: "right", privateKey: key.privateKey } }));
    await machine.close();
    expect(steps).toEqual(["key", "password"]);
  });

  test("is not sent again where the connection breaks while it is looked at", async () => {
    const port = await server((client) => {
      client.on("authentication", (context) => {
        if (context.method === "password") client.end();
        else context.reject(["password"]);
      });
    });
    await expect(connectSsh(options(port))).rejects.toMatchObject({ transient: false });
  });

  test("is never sent to a host with another key", async () => {
    const methods: string[] = [];
    const port = await server((client) => {
      client.on("authentication", (context) => {
        methods.push(context.method);
        context.reject(["password"]);
      });
    });
    const other = makeKey(folder, "other", "ed25519");
    const hostKeys = { mode: "pinned" as const, keys: [other.publicKey] };
    await expect(connectSsh(options(port, { hostKeys }))).rejects.toMatchObject({ code: "host-key-changed" });
    expect(methods).toEqual([]);
  });
});

test("a log-in that is not answered times out", async () => {
  const port = await server((client) => client.on("authentication", () => undefined));
  await expect(connectSsh(options(port, { authTimeoutMs: 1_000 }))).rejects.toMatchObject({
    code: "connect-timeout",
    transient: true,
  });
});

describe("a connection", () => {
  test("that breaks while bytes are sent is lost", async () => {
    const port = await withCommands((channel, client) => {
      let received = 0;
      channel.write("kace~begin 1\n");
      channel.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received > 500_000) client.end();
      });
    });
    const machine = await connectSsh(options(port));
    const content = Buffer.alloc(20_000_000);
    const source: ByteSource = {
      sizeBytes: content.length,
      sha256: createHash("sha256").update(content).digest("hex"),
      async *open() {
        for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
      },
    };
    await expect(machine.put(source, "/tmp/never")).rejects.toMatchObject({ code: "lost", transient: true });
    await machine.close();
  });

  test("whose other end has gone silent is lost", async () => {
    let isSilent = false;
    const dead = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
      client.on("error", () => client.end());
      client.on("authentication", (context) => context.accept());
      client.on("session", (accept) => {
        accept().on("exec", (acceptExec) => {
          acceptExec();
          isSilent = true;
        });
      });
    });
    // Between the two ends: passes bytes on until told to stop, without closing anything.
    const inner = await listening(createServer((socket) => dead.injectSocket(socket)));
    const { connect } = await import("node:net");
    const port = await tcp((socket) => {
      const onward = connect(inner, "127.0.0.1");
      sockets.add(onward);
      onward.on("error", () => onward.destroy());
      socket.on("data", (chunk) => {
        if (!isSilent) onward.write(chunk);
      });
      onward.on("data", (chunk) => {
        if (!isSilent) socket.write(chunk);
      });
    });
    const machine = await connectSsh(options(port, { keepAlive: { intervalMs: 100, countMax: 2 } }));
    await expect(machine.runScript({ script: "true" })).rejects.toMatchObject({ code: "lost" });
    await machine.close();
  });

  test("whose end comes before the script's is lost, also without a broken line", async () => {
    const port = await withCommands((channel) => {
      channel.write("kace~begin 1\nhalf a");
      channel.end();
    });
    const machine = await connectSsh(options(port));
    await expect(machine.runScript({ script: "true" })).rejects.toMatchObject({ code: "lost" });
    await machine.close();
  });
});

describe("an account", () => {
  test("whose log-in shell runs nothing is told so, in the shell's words", async () => {
    const port = await withCommands((channel) => {
      channel.write("This account is currently not available.\n");
      channel.exit(1);
      channel.end();
    });
    const machine = await connectSsh(options(port));
    await expect(machine.runScript({ script: "true" })).rejects.toMatchObject({
      code: "no-privilege",
      message: "the account may log in but not run commands: This account is currently not available.",
    });
    await machine.close();
  });

  test("that may open no session is told so", async () => {
    const port = await server((client) => {
      client.on("authentication", (context) => context.accept());
      client.on("session", (_accept, reject) => reject());
    });
    const machine = await connectSsh(options(port));
    await expect(machine.runScript({ script: "true" })).rejects.toMatchObject({
      code: "lost",
      message: expect.stringContaining("no channel could be opened"),
    });
    await machine.close();
  });

  test("that is greeted by its start-up files gets the script's output only", async () => {
    const port = await withCommands((channel) => {
      let input = "";
      channel.write("Welcome!\n\x1b[1mno line end");
      channel.stderr.write("stty: not a terminal\n");
      channel.on("data", (chunk: Buffer) => {
        if (input !== "") return;
        input = chunk.toString();
        const nonce = /^\d+ (\w+)\n/.exec(input)?.[1];
        channel.write(`kace~begin 7\nresult\nkace~end ${nonce} 4\nbye`);
        channel.stderr.write(`kace~begin 7\nkace~end ${nonce} 4\n`);
      });
    });
    const machine = await connectSsh(options(port));
    expect(await machine.runScript({ script: "true" })).toEqual({
      exitCode: 4,
      stdout: "result\n",
      stderr: "",
      truncated: false,
    });
    await machine.close();
  });
});

describe("becoming root", () => {
  /** Plays sudo or su: what it says at first, and what after each line it is sent; then it ends with 1. */
  async function privileges(says: readonly string[], exitCode = 1) {
    const heard: string[] = [];
    const port = await withCommands((channel) => {
      let round = 0;
      const finish = () => {
        channel.exit(exitCode);
        channel.end();
      };
      const say = () => {
        const words = says[round++];
        if (words !== undefined) channel.stderr.write(words);
        if (round === says.length) finish();
      };
      channel.on("data", (chunk: Buffer) => {
        if (heard.push(chunk.toString()) < says.length) say();
      });
      channel.on("end", () => {
        if (round < says.length) finish();
      });
      say();
    });
    return { port, heard };
  }
  const sudo = { method: "sudo" as const };
  const withPassword = { method: "sudo" as const, password: "secret" };
  const su = { method: "su" as const, password: "secret" };

  test.each([
    ["no way is given", { method: "none" as const }, ["kace~unprivileged\n"], "no-privilege", []],
    ["sudo wants a password and none was given", sudo, ["sudo: a password is required\n"], "sudo-password", undefined],
    ["sudo is not there", sudo, ["sh: 1: exec: sudo: not found\n"], "no-privilege", undefined],
    [
      "sudo rejects the password",
      withPassword,
      ["kace~prompt", "Sorry, try again.\nkace~prompt", "\nsudo: 1 incorrect password attempt\n"],
      "sudo-password",
      ["secret\n"],
    ],
    [
      "sudo allows one try",
      withPassword,
      ["kace~prompt", "\nsudo: 1 incorrect password attempt\n"],
      "sudo-password",
      ["secret\n"],
    ],
    [
      "sudo asks in words of its own",
      withPassword,
      ["[sudo] password for x: ", "Sorry, try again.\n[sudo] password for x: ", "x"],
      "sudo-password",
      ["secret\n"],
    ],
    [
      "sudo does not know the account",
      withPassword,
      ["kace~prompt", "someone is not in the sudoers file.\n"],
      "no-privilege",
      ["secret\n"],
    ],
    ["sudo wants a terminal", withPassword, ["sudo: sorry, you must have a tty to run sudo\n"], "no-privilege", []],
    ["su rejects the password", su, ["Password: ", "\nsu: Authentication failure\n"], "sudo-password", ["secret\n"]],
    ["su wants a password and none was given", { method: "su" as const }, ["Password: ", "x"], "sudo-password", []],
    ["su is not for this account", su, ["Password: ", "\nsu: Permission denied\n"], "no-privilege", ["secret\n"]],
  ])("fails where %s, and shows the password once at most", async (_, become, says, code, expected) => {
    const { port, heard } = await privileges(says);
    const machine = await connectSsh(options(port, { become }));
    const failed = machine.runScript({ script: "true", privileged: true });
    await expect(failed).rejects.toMatchObject({
      code,
      transient: false,
      message: expect.not.stringContaining("secret"),
    });
    if (expected !== undefined) expect(heard).toEqual(expected);
    expect(heard.join("")).not.toMatch(/secret.*secret/s);
    await machine.close();
  });

  test("keeps the password and the script to itself until they are asked for", async () => {
    const heard: string[] = [];
    const port = await withCommands((channel) => {
      channel.stderr.write("We trust you have received the usual lecture.\nkace~prompt");
      channel.on("data", (chunk: Buffer) => {
        heard.push(chunk.toString());
        if (heard.length === 1) {
          channel.write("kace~begin 9\n");
          channel.stderr.write("kace~begin 9\n");
          return;
        }
        const nonce = /^\d+ (\w+)\n/.exec(heard[1] ?? "")?.[1];
        channel.write(`kace~end ${nonce} 0\n`);
        channel.stderr.write(`kace~end ${nonce} 0\n`);
      });
    });
    const machine = await connectSsh(options(port, { become: withPassword }));
    expect(await machine.runScript({ script: "echo", privileged: true })).toMatchObject({ exitCode: 0, stderr: "" });
    expect(heard).toEqual(["secret\n", expect.stringMatching(/^\d+ \w+\necho\n#kace~whole$/)]);
    await machine.close();
  });
});
