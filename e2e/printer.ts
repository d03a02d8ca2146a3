import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it reached a printer. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  socket: boolean;
}

interface Says {
  headers?: Record<string, string | string[]>;
  page: string;
}

/** Browsers ask for an icon when they like, which would make requests hard to count. */
const NO_ICON = '<!doctype html><link rel="icon" href="data:,">';

/** The host under which an agent asks whether strangers are let in. */
const STRANGERS = "printer.invalid";

/**
 * A printer's web server, friend or foe, that notes everything that reaches it. Like every printer
 * that may be reached from afar it has a login: without its cookie it shows nothing but a page.
 */
export class Printer {
  readonly name: string;
  readonly #server: Server;
  #received: Received[] = [];

  static async start(name: string, says: Says): Promise<Printer> {
    const printer = new Printer(name, says);
    await new Promise<void>((done) => printer.#server.listen(0, "127.0.0.1", done));
    return printer;
  }

  private constructor(name: string, says: Says) {
    this.name = name;
    this.#server = createServer((request, answer) => {
      this.#note(request.method ?? "", request.url ?? "", request.headers, false);
      request.resume();
      if (request.headers.host === STRANGERS) return answer.writeHead(403).end();
      const secret = /^\/(api|printer|server)\//.test(request.url ?? "");
      if (secret && !request.headers.cookie?.includes("session=")) return answer.writeHead(403).end();
      const type = request.url?.endsWith(".js") ? "text/javascript" : "text/html";
      return answer.writeHead(200, { "content-type": type, ...says.headers }).end(NO_ICON + says.page);
    });
    this.#server.on("upgrade", (request, socket) => {
      this.#note(request.method ?? "", request.url ?? "", request.headers, true);
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything that came since the last `forget`, from wherever. */
  arrived(): Received[] {
    return this.#received;
  }

  /** What browsers have sent through a hub since the last `forget`; the agent's own questions are left out. */
  received(): Received[] {
    return this.#received.filter(({ headers }) => headers["x-forwarded-host"] !== undefined);
  }

  forget(): void {
    this.#received = [];
  }

  end(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #note(method: string, path: string, headers: IncomingHttpHeaders, socket: boolean): void {
    if (headers.host === STRANGERS) return;
    this.#received.push({ method, path, headers, socket });
  }
}
