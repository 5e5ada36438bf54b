/** Where a handler says what it does. Texts are for people; secrets of the call are masked on the way. */
export interface Log {
  /** Shown with `--debug` only. */
  debug(text: string): void;
  /** A lasting line under the resource. */
  info(text: string): void;
  /** A lasting line that asks for attention. */
  warn(text: string): void;
  /** Makes the whole deployment fail: for what cannot be told by throwing. */
  error(text: string): void;
  /** The one line of progress beside the resource, replaced by the next; an empty text clears it. */
  status(text: string): void;
}

/** What every handler gets beside its request. */
export interface Context<Client> {
  /** What the provider's `configure` returned. */
  readonly client: Client;
  /**
   * Fires when the call should end: the user pressed Ctrl-C (`cancelled`), its time is up (`timeout`) or the caller
   * hung up (`cancelled`). Its reason is a {@link ProviderError}. What the handler then returns or throws counts.
   */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** A program that shows how something is used, in one language or more. */
export interface Example {
  readonly title: string;
  readonly description?: string;
  readonly yaml: string;
  readonly typescript: string;
  readonly python: string;
  readonly go?: string;
}
