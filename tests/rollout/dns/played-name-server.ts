import { createSocket, type RemoteInfo } from "node:dgram";

/** What a played name server says of a name: texts of addresses or names, or a code of RFC 1035, or nothing at all. */
export type Records = {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly PTR?: readonly string[];
};
export type Reply = Records | "no such name" | "server failure" | "refused" | "silence";

const TYPES = { A: 1, PTR: 12, AAAA: 28 } as const;
const CODES = { "server failure": 2, "no such name": 3, refused: 5 } as const;

/** A name server on a port of its own of 127.0.0.1. */
export interface PlayedNameServer {
  /** `127.0.0.1:12345` */
  readonly address: string;
  /** The questions so far, as `name type`. */
  readonly questions: readonly string[];
  stop(): Promise<void>;
}

/** Starts a name server that knows these names, in lower case; it has no others. */
export async function startNameServer(names: Readonly<Record<string, Reply>>): Promise<PlayedNameServer> {
  const socket = createSocket("udp4");
  const questions: string[] = [];
  socket.on("message", (message: Buffer, from: RemoteInfo) => {
    const { name, type, end } = readQuestion(message);
    const word = Object.entries(TYPES).find(([, number]) => number === type)?.[0] ?? `${type}`;
    questions.push(`${name} ${word}`);
    const reply = names[name.toLowerCase()] ?? "no such name";
    if (reply === "silence") return;
    socket.send(write(message, end, type, reply), from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(0, "127.0.0.1", resolve);
  });
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

const HEADER_BYTES = 12;

function readQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function write(question: Buffer, questionEnd: number, type: number, reply: Exclude<Reply, "silence">): Buffer {
  const code = typeof reply === "string" ? CODES[reply] : 0;
  const records = typeof reply === "string" ? [] : recordsOf(type, reply);
  const head = Buffer.from(question.subarray(0, questionEnd));
  head.writeUInt16BE(0x8180 | code, 2); // an answer, recursion asked for and available
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...records.flatMap((data) => [recordHead(type, data.length), data])]);
}

/** The name is that of the question, where it stands in the message. */
function recordHead(type: number, length: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(length, 10);
  return head;
}

function recordsOf(type: number, records: Records): Buffer[] {
  if (type === TYPES.A) return (records.A ?? []).map((text) => Buffer.from(text.split(".").map(Number)));
  if (type === TYPES.AAAA) return (records.AAAA ?? []).map((hex) => Buffer.from(hex.replaceAll(":", ""), "hex"));
  return (records.PTR ?? []).map((name) =>
    Buffer.concat([
      ...name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")])),
      Buffer.from([0]),
    ]),
  );
}
