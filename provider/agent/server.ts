/** Where agents connect to. */
export interface AgentServer {
  /** A name that resolves on the machine, or an address. */
  readonly host: string;
  readonly port: number;
  /** What the server calls itself, where that is another name: agents that have reached it take that one up. */
  readonly canonicalHost?: string | undefined;
  /** PEM of the authority that signed the server's certificate, where the machine does not trust it by itself. */
  readonly caCertificate?: string | undefined;
}

/** Whether an agent that knows this host knows the server: host names have no case (RFC 4343). */
export function isServersHost(host: string, server: AgentServer): boolean {
  return [server.host, server.canonicalHost].some((name) => name?.toLowerCase() === host.toLowerCase());
}

/** As an agent's own files write it. @example serverText({ host: "2001:db8::1", port: 443 }) // "[2001:db8::1]:443" */
export function serverText({ host, port }: Pick<AgentServer, "host" | "port">): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
}
