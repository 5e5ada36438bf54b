import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import type { ByteSource, Ended } from "../machine.ts";
import { MachineError } from "../machine.ts";
import { Lines, Output } from "../output.ts";
import type { ReaderCommand } from "../posix/command.ts";
import { Frame } from "../posix/frame.ts";
import { feedReader } from "./feed.ts";
import { type Prompting, refusal } from "./privilege.ts";

/** A script, ready to be sent to the reader. */
export interface ReaderInput {
  readonly command: ReaderCommand;
  /** The password for sudo or su, sent if it is asked for. */
  readonly password: string | undefined;
  readonly prompting: Prompting;
  readonly nonce: string;
  /** What the reader reads: script and variables. */
  readonly envelope: Buffer;
  readonly payload: ByteSource | undefined;
  readonly outputLimitBytes: number;
  readonly onLine: ((line: string, stream: "stdout" | "stderr") => void) | undefined;
}

/** A connection that is logged in, and the stream of bytes below it. */
export interface Connection {
  readonly client: Client;
  readonly transport: Duplex;
}

/** A script on its way. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** The process of the reader, once it has begun; undefined where it never will. */
  readonly begun: Promise<number | undefined>;
  /** Stops waiting: `ended` rejects with the reason, and the channel is closed. */
  abandon(reason: unknown): void;
}

/** What a shell's own exit codes mean in the reader: it got less than it was told to expect. */
const TORN_EXIT_CODE = 96;
/** How long the end of a channel is waited for once its command has ended without its end marks. */
const CLOSE_GRACE_MS = 5_000;

/**
 * Runs the reader in a channel of its own and feeds it.
 *
 * A script has ended when both its end marks were seen. The channel's own end is not waited for: a service that the
 * script started may hold it open for ever.
 */
export function runReader({ client, transport }: Connection, input: ReaderInput): Running {
  let channel: ClientChannel | undefined;
  let grace: NodeJS.Timeout | undefined;
  let isSettled = false;
  let exit: { code: number | undefined; signal: string | undefined } | undefined;
  const { promise: ended, resolve, reject } = Promise.withResolvers<Ended>();
  const begun = Promise.withResolvers<number | undefined>();
  const feed = new AbortController();

  const stdout = collect(input, "stdout");
  const stderr = collect(input, "stderr");
  const conversation = { prompts: 0, said: "" };

  const settle = (finish: () => void) => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(grace);
    client.off("close", onLost);
    feed.abort();
    channel?.close();
    begun.resolve(undefined);
    finish();
  };
  const fail = (error: unknown) => settle(() => reject(error));
  const onLost = () => fail(lost());

  const conclude = () => {
    if (isSettled) return;
    stdout.finish();
    stderr.finish();
    const out = stdout.output.take();
    const err = stderr.output.take();
    const exitCode = stdout.frame.exitCode ?? stderr.frame.exitCode ?? exit?.code;
    settle(() =>
      resolve({
        exitCode,
        ...(exitCode === undefined && exit?.signal !== undefined ? { exitSignal: exit.signal } : {}),
        stdout: out.text,
        stderr: err.text,
        truncated: out.truncated || err.truncated,
      }),
    );
  };
  const hasBegun = () => stdout.frame.begun || stderr.frame.begun;
  const onEnd = () => {
    if (isSettled) return;
    if (exit === undefined && !stdout.frame.ended) return onLost();
    if (!hasBegun()) {
      fail(refusal(input.prompting, conversation.prompts, `${conversation.said}${stdout.frame.preface()}`, exit?.code));
    } else if (exit?.code === TORN_EXIT_CODE && !stdout.frame.ended) onLost();
    else conclude();
  };

  client.once("close", onLost);
  const opened = (error: Error | undefined, stream: ClientChannel) => {
    if (error !== undefined) return fail(channelError(error));
    channel = stream;
    // Whatever is still written to a channel that was given up.
    stream.on("error", () => stream.close());
    if (isSettled) return stream.close();

    let isFed = false;
    const feedOnce = () => {
      if (isFed) return;
      isFed = true;
      feedReader(stream, transport, input, feed.signal).catch((error: unknown) => fail(error));
    };
    const onOutput = () => {
      if (hasBegun()) {
        begun.resolve(stdout.frame.readerPid ?? stderr.frame.readerPid);
        feedOnce();
      }
      if (stdout.frame.ended && stderr.frame.ended) conclude();
    };

    stream.on("data", (chunk: Buffer) => {
      stdout.push(chunk);
      onOutput();
    });
    stream.stderr.on("data", (chunk: Buffer) => {
      stderr.push(chunk);
      if (!hasBegun()) answerPrompt(stream, stderr.frame.preface());
      onOutput();
    });
    stream.on("exit", (code: number | null, signal?: string) => {
      // After the end marks, as nearly always: a timer would hold the script and its output for nothing.
      if (isSettled) return;
      exit = { code: code ?? undefined, signal };
      grace = setTimeout(onEnd, CLOSE_GRACE_MS);
    });
    stream.on("close", onEnd);
    if (!input.command.mayPrompt) feedOnce();
  };

  /** A second question means that the first answer was wrong: sudo is told that there is no other. */
  const answerPrompt = (stream: ClientChannel, said: string) => {
    conversation.said = said;
    if (!input.command.mayPrompt) return;
    const prompts = input.prompting.count(said);
    if (prompts === conversation.prompts) return;
    const isFirst = conversation.prompts === 0 && prompts === 1;
    conversation.prompts = prompts;
    if (isFirst && input.password !== undefined) stream.write(`${input.password}\n`);
    else stream.end();
  };

  try {
    client.exec(input.command.line, opened);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    onLost();
  }
  return { ended, begun: begun.promise, abandon: fail };
}

function collect(input: ReaderInput, name: "stdout" | "stderr") {
  const { onLine } = input;
  const output = new Output(input.outputLimitBytes);
  const lines = onLine === undefined ? undefined : new Lines((line) => onLine(line, name));
  const frame = new Frame(input.nonce, (bytes) => {
    output.push(bytes);
    lines?.push(bytes);
  });
  let isFinished = false;
  return {
    frame,
    output,
    push: (chunk: Buffer) => frame.push(chunk),
    finish: () => {
      if (isFinished) return;
      isFinished = true;
      frame.finish();
      lines?.finish();
    },
  };
}

function lost(): MachineError {
  return new MachineError({
    code: "lost",
    message: "the connection broke while a command ran",
    hint: "whether the command ran on is not known",
    transient: true,
  });
}

function channelError(error: Error): MachineError {
  if (/unable to exec/i.test(error.message)) {
    return new MachineError({
      code: "no-privilege",
      message: "the account may log in but not run commands",
      cause: error,
    });
  }
  return new MachineError({
    code: "lost",
    message: `no channel could be opened: ${error.message.replace(/^\(SSH\) /, "")}`,
    hint: "MaxSessions of the server must allow a session beside those that are open",
    transient: true,
    cause: error,
  });
}
