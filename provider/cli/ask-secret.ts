import type { ReadStream } from "node:tty";
import { CommandError } from "./session.ts";

const [ENTER, NEW_LINE, CTRL_C, CTRL_D, BACKSPACE, DELETE] = ["\r", "\n", "\x03", "\x04", "\b", "\x7f"];

/**
 * Asks the person at a terminal for a text that is not shown while it is typed.
 * @throws CommandError where they give up with Ctrl-C or Ctrl-D
 */
export async function askSecret(question: string, input: ReadStream, write: (text: string) => void): Promise<string> {
  write(question);
  const wasRaw = input.isRaw;
  input.setRawMode(true);
  input.setEncoding("utf8").resume();
  try {
    return await typed(input);
  } finally {
    input.setRawMode(wasRaw);
    input.pause();
    write("\n");
  }
}

function typed(input: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const end = (settle: () => void) => {
      input.off("data", onData);
      input.off("end", onEnd);
      settle();
    };
    const onEnd = () => end(() => reject(new CommandError("nothing was typed")));
    const onData = (keys: string) => {
      for (const key of keys) {
        if (key === ENTER || key === NEW_LINE) return end(() => resolve(text));
        if (key === CTRL_C || key === CTRL_D) return onEnd();
        if (key === BACKSPACE || key === DELETE) text = [...text].slice(0, -1).join("");
        else text += key;
      }
    };
    input.on("data", onData);
    input.once("end", onEnd);
  });
}
