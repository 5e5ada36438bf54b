import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { createAuthority, issueServerCertificate, type KeyPair } from "../../provider/appliance/certificates/issue.ts";
import { greetTls } from "../../provider/rollout/greet-tls.ts";

const DAY_MS = 86_400_000;
let authority: KeyPair;
const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];

beforeAll(async () => {
  authority = await createAuthority({ now: Date.now() });
});

afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    // The other side hangs up in the middle of a handshake: that is what is tested.
    socket.on("error", () => sockets.delete(socket));
  });
  servers.push({ server, sockets });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function serve(names: readonly string[], now = Date.now()): Promise<number> {
  const { certificate, key } = await issueServerCertificate({ authority, names, now });
  return await listen(createTlsServer({ cert: certificate, key }));
}

/** Far more than any answer takes, unless the test is about silence. */
const PATIENT_MS = 25_000;

function greet(port: number, host = "kbox.corp.example", caCertificate: string | undefined = authority.certificate) {
  return greetTls({ host, address: "127.0.0.1", port, caCertificate, timeoutMs: PATIENT_MS });
}

describe("a server that is greeted as agents greet it", () => {
  it("is trusted with a certificate of the agents' authority for its name", async () => {
    expect(await greet(await serve(["kbox.corp.example"]))).toEqual({ kind: "trusted" });
  });

  it("is trusted by its address where the certificate has it", async () => {
    expect(await greet(await serve(["127.0.0.1"]), "127.0.0.1")).toEqual({ kind: "trusted" });
  });

  it("is not trusted with a certificate for another name", async () => {
    expect(await greet(await serve(["other.corp.example"]))).toMatchObject({
      kind: "untrusted",
      message: "the server's certificate is for other names",
    });
  });

  it("is not trusted with an expired certificate", async () => {
    const answer = await greet(await serve(["kbox.corp.example"], Date.now() - 500 * DAY_MS));
    expect(answer).toMatchObject({ kind: "untrusted", message: "the server's certificate has expired" });
  });

  it("is not trusted with a certificate of an authority that agents do not know", async () => {
    const stranger = await createAuthority({ now: Date.now() });
    const answer = await greet(await serve(["kbox.corp.example"]), "kbox.corp.example", stranger.certificate);
    expect(answer.kind).toBe("untrusted");
  });

  it("is none where something else listens", async () => {
    const port = await listen(createServer((socket) => socket.end("220 mail.corp.example ESMTP\r\n")));
    expect((await greet(port)).kind).toBe("no-tls");
  });

  it("is none where the connection is closed at once", async () => {
    expect((await greet(await listen(createServer((socket) => socket.destroy())))).kind).toBe("no-tls");
  });

  it("is called silent where nothing is said", async () => {
    const port = await listen(createServer());
    const answer = await greetTls({ host: "kbox", address: "127.0.0.1", port, timeoutMs: 200 });
    expect(answer).toEqual({ kind: "silent", message: `kbox:${port} accepts connections and says nothing` });
  });
});
