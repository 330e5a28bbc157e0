import { workerData, type MessagePort, parentPort } from "node:worker_threads";
import { never } from "../../kernel/errors.ts";
import { TableError } from "./connection.ts";
import type { TableAnswers, TableAsk, TablePlace, TableTrouble } from "./messages.ts";
import { TableFile } from "./table-file.ts";

/** The thread of one table: it waits for locks and for the disk, so that nothing else does. Answers come in the order of the questions. */
export type ThreadAsk = { id: number; question: TableAsk | { ask: "end" } };
export type ThreadAnswer = { id: number; answer: TableAnswers[keyof TableAnswers] | TableTrouble };

const table = new TableFile(workerData as TablePlace);
const port: MessagePort = parentPort!;

function answer(question: TableAsk): TableAnswers[keyof TableAnswers] {
  switch (question.ask) {
    case "poll":
      return table.poll();
    case "range":
      return table.range(question.after, question.open, question.known, question.limit);
    case "keys":
      return table.keys(question.known);
    case "look":
      return table.look(question.files);
    case "write":
      return table.write(question.writes);
    case "sets":
      return table.tellSets(question.sets);
    case "final":
      return table.finalTimecodes();
    default:
      return never(question);
  }
}

port.on("message", ({ id, question }: ThreadAsk) => {
  if (question.ask === "end") {
    table[Symbol.dispose]();
    return port.close();
  }
  try {
    port.postMessage({ id, answer: answer(question) } satisfies ThreadAnswer);
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    port.postMessage({ id, answer: { trouble: error.message, locked: error.locked } } satisfies ThreadAnswer);
  }
});
