import type { ServerIdentity } from "./identity.ts";

/** A certificate that is looked after while a server runs. */
export interface KeptCertificate {
  current(): ServerIdentity;
  /** Looks now instead of at the next turn. */
  check(): Promise<void>;
  stop(): void;
}

/**
 * Obtains a certificate and looks at it again regularly, so that a renewed or replaced one is served without a restart.
 * Trouble with a later one leaves the present one in use.
 * @param obtain gives the certificate to use now
 * @param onChange gets each new one
 * @param onTrouble is told of every look that failed
 * @throws whatever the first `obtain` throws
 */
export async function keepCertificate({
  obtain,
  everyMs,
  onChange,
  onTrouble,
}: {
  readonly obtain: () => Promise<ServerIdentity>;
  readonly everyMs: number;
  readonly onChange: (identity: ServerIdentity) => void;
  readonly onTrouble: (error: unknown) => void;
}): Promise<KeptCertificate> {
  let current = await obtain();
  let checking: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      const found = await obtain();
      if (isSame(found, current)) return;
      current = found;
      onChange(found);
    } catch (error) {
      onTrouble(error);
    }
  }
  function check(): Promise<void> {
    checking ??= look().finally(() => {
      checking = undefined;
    });
    return checking;
  }
  const timer = setInterval(check, everyMs);
  timer.unref();
  return { current: () => current, check, stop: () => clearInterval(timer) };
}

function isSame(one: ServerIdentity, other: ServerIdentity): boolean {
  return (
    one.certificate === other.certificate && one.key === other.key && one.announced.join() === other.announced.join()
  );
}
