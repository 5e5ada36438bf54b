import { describe, expect, it, onTestFinished } from "vitest";
import { GroupCommit } from "../../../provider/appliance/local/group-commit.ts";
import { DatabaseSync } from "../../../provider/appliance/local/sqlite.ts";

/** A database that counts the transactions it commits, and can be held by another process or be full. */
function committer() {
  const connection = new DatabaseSync(":memory:");
  onTestFinished(() => connection.close());
  connection.exec("CREATE TABLE said (word TEXT PRIMARY KEY)");
  const held = new Error("held");
  const broken = new Error("the disk reports an error");
  let commits = 0;
  let lasting = 0;
  let isBroken = false;
  let isHeld = false;
  const group = new GroupCommit({
    connection,
    commit: async (work) => {
      if (isHeld) throw held;
      connection.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        connection.exec("COMMIT");
        commits += 1;
        return result;
      } catch (error) {
        if (connection.isTransaction) connection.exec("ROLLBACK");
        throw error;
      }
    },
    lasting: async () => {
      if (isBroken) throw broken;
      await new Promise(setImmediate);
      lasting = commits;
    },
    isHeld: (error) => error === held,
  });
  return {
    connection,
    group,
    say: (word: string) => () => connection.prepare("INSERT INTO said VALUES (?)").run(word).changes,
    said: () =>
      connection
        .prepare("SELECT word FROM said ORDER BY rowid")
        .all()
        .map(({ word }) => word),
    commits: () => commits,
    lasting: () => lasting,
    breakDisk: () => {
      isBroken = true;
    },
    hold: (value: boolean) => {
      isHeld = value;
    },
  };
}

describe("writes that come at the same time", () => {
  it("are committed together, in their order, and each is told its own result", async () => {
    const { group, say, said, commits } = committer();
    const words = Array.from({ length: 50 }, (_, index) => `word ${index}`);
    const results = await Promise.all(words.map((word) => group.write(() => [word, say(word)()])));
    expect(results).toEqual(words.map((word) => [word, 1]));
    expect(said()).toEqual(words);
    expect(commits()).toBe(1);
  });

  it("are answered once their commit is on the disk, also one that writes alone", async () => {
    const { group, say, commits, lasting } = committer();
    for (const words of [["alone"], ["one", "other"], ["alone again"]]) {
      const seen = await Promise.all(words.map((word) => group.write(say(word)).then(() => [commits(), lasting()])));
      for (const [committed, onDisk] of seen) expect(onDisk).toBe(committed);
    }
    expect(commits()).toBe(3);
  });

  it("are refused where the disk does not say that it has them", async () => {
    const { group, say, breakDisk } = committer();
    breakDisk();
    const ends = await Promise.allSettled([group.write(say("one")), group.write(say("other"))]);
    expect(ends).toMatchObject([
      { reason: { message: "the disk reports an error" } },
      { reason: { message: "the disk reports an error" } },
    ]);
    await expect(group.write(say("alone"))).rejects.toThrow("the disk reports an error");
  });

  it("are undone one by one where one of them fails after it has written", async () => {
    const { group, say, said } = committer();
    const broken = () => {
      say("half")();
      throw new Error("changed my mind");
    };
    const ends = await Promise.allSettled([group.write(say("before")), group.write(broken), group.write(say("after"))]);
    expect(ends).toMatchObject([
      { status: "fulfilled", value: 1 },
      { status: "rejected", reason: { message: "changed my mind" } },
      { status: "fulfilled", value: 1 },
    ]);
    expect(said()).toEqual(["before", "after"]);
  });

  it("are not undone by one of them that ends the whole transaction", async () => {
    const { connection, group, say, said } = committer();
    const ending = () => {
      connection.exec("ROLLBACK"); // as SQLite does by itself when the disk is full
      throw new Error("the disk is full");
    };
    const ends = await Promise.allSettled([group.write(say("before")), group.write(ending), group.write(say("after"))]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(said()).toEqual(["before", "after"]);
  });

  it("are all refused where another process holds the database, and those that come later are not", async () => {
    const { group, say, said, hold } = committer();
    hold(true);
    const ends = await Promise.allSettled([group.write(say("one")), group.write(say("other"))]);
    expect(ends).toMatchObject([{ reason: { message: "held" } }, { reason: { message: "held" } }]);
    hold(false);
    await group.write(say("later"));
    expect(said()).toEqual(["later"]);
  });

  it("are answered where what they lead to writes again", async () => {
    const { group, say, said } = committer();
    await Promise.all(
      ["a", "b"].map(async (word) => {
        await group.write(say(`${word} first`));
        await group.write(say(`${word} second`));
      }),
    );
    expect(said().sort()).toEqual(["a first", "a second", "b first", "b second"]);
  });

  it("are refused when the database is closed before their turn", async () => {
    const { group, say, said } = committer();
    const writing = group.write(say("too late"));
    group.refuse(new Error("closed"));
    await expect(writing).rejects.toThrow("closed");
    expect(said()).toEqual([]);
  });
});
