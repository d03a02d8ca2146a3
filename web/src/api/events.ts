/**
 * Reads server-sent events from a response body. The browser's own `EventSource` hides two things
 * that an honest "live" needs: the hub's regular pings, and why a connection was refused.
 */

export interface ServerEvent {
  name: string;
  data: string;
}

/** Longest unfinished line and longest event, in characters. */
const LIMIT = 4 * 1024 * 1024;

/** Takes the stream's text in any pieces and gives the events that they complete. */
export class EventParser {
  #line = "";
  #name = "";
  #data: string[] = [];
  #size = 0;

  /** @throws RangeError if a line or event passes the limit. */
  push(text: string): ServerEvent[] {
    const lines = (this.#line + text).split(/\r\n|\n|\r(?!$)/);
    this.#line = lines.pop() ?? "";
    if (this.#line.length > LIMIT) throw new RangeError("a line of the event stream is too long");
    return lines.flatMap((line) => this.#take(line));
  }

  #take(line: string): ServerEvent[] {
    if (line === "") return this.#finish();
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") this.#name = value ?? "";
    if (field === "data") this.#add(value ?? "");
    return [];
  }

  #add(data: string): void {
    this.#size += data.length;
    if (this.#size > LIMIT) throw new RangeError("an event is too long");
    this.#data.push(data);
  }

  #finish(): ServerEvent[] {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const complete = this.#data.length > 0;
    this.#name = "";
    this.#data = [];
    this.#size = 0;
    return complete ? [event] : [];
  }
}
