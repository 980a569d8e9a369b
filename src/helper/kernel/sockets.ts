import { readFileSync } from 'node:fs';
import { Publisher, Router } from 'zeromq';
import type { Content, Message, Parent } from './message.ts';
import { Codec } from './message.ts';
import { Seldom } from './seldom.ts';

/** The file that Jupyter writes for a kernel it starts. */
interface Connection {
  transport: string;
  ip: string;
  shell_port: number;
  control_port: number;
  iopub_port: number;
  stdin_port: number;
  hb_port: number;
  signature_scheme: string;
  key: string;
}

export type Channel = 'shell' | 'control';

/** Milliseconds that what was sent last may take to leave. */
const LINGER = 1_000;

/** Messages that wait for one client; further ones are not for it any more. It has a thousand more at its own end. */
const WAITING = 20_000;
/**
 * Milliseconds after which the connection of a client that takes nothing is cut, and what waits for it is let go (where
 * the system can).
 */
const STALLED = 30_000;
/**
 * Limits on a client's messages, signed or not. A frame is no longer than Jupyter's server takes from a browser (10
 * MiB); further messages wait at the client's end.
 */
const TAKEN = { maxMessageSize: 2 ** 24, receiveHighWaterMark: 16 };

/**
 * A client that connects anew under its old name takes the place of its old connection, which may not be known to be
 * dead yet.
 */
const ROUTER = {
  ...TAKEN,
  linger: LINGER,
  handover: true,
  sendHighWaterMark: WAITING,
  tcpMaxRetransmitTimeout: STALLED
};

/** The five sockets of a kernel. Each is written to by one message at a time, in order. */
export class Sockets {
  readonly #codec: Codec;
  readonly #connection: Connection;
  readonly #shell = new Router(ROUTER);
  readonly #control = new Router(ROUTER);
  readonly #stdin = new Router({ ...ROUTER, linger: 0 });
  // Messages that a slow browser has not taken yet wait here; large answers wait for each other before (`Outgoing`).
  readonly #iopub = new Publisher({
    linger: LINGER,
    sendHighWaterMark: WAITING,
    tcpMaxRetransmitTimeout: STALLED
  });
  // A Reply would be stuck for good after one message that has no question in it.
  readonly #heartbeat = new Router({ ...ROUTER, linger: 0 });
  readonly #queues = new Map<unknown, Promise<void>>();
  readonly #ignored = new Seldom(
    n => `${n === 1 ? 'A message was' : `${n} messages were`} ignored: incomplete, too long, or of a wrong signature.`
  );

  constructor(connectionFile: string) {
    this.#connection = JSON.parse(readFileSync(connectionFile, 'utf8')) as Connection;
    this.#codec = new Codec(this.#connection.signature_scheme, this.#connection.key);
  }

  /** Binds all sockets, and calls back with every message whose signature is right. */
  async open(onMessage: (channel: Channel, message: Message) => void): Promise<void> {
    const { transport, ip, ...ports } = this.#connection;
    const address = (port: number): string => `${transport}://${ip}${transport === 'ipc' ? '-' : ':'}${port}`;
    await Promise.all([
      this.#heartbeat.bind(address(ports.hb_port)),
      this.#iopub.bind(address(ports.iopub_port)),
      this.#stdin.bind(address(ports.stdin_port)),
      this.#control.bind(address(ports.control_port)),
      this.#shell.bind(address(ports.shell_port))
    ]);
    void this.#beat();
    void this.#listen('control', onMessage);
    void this.#listen('shell', onMessage);
  }

  /** Answers a request on the channel it came by. */
  reply(channel: Channel, request: Message, type: string, content: Content): void {
    const frames = this.#codec.encode(type, content, request, request.identities);
    this.#send(channel === 'shell' ? this.#shell : this.#control, frames);
  }

  /** Tells all clients. */
  publish(type: string, content: object, parent: Parent | null, buffers?: readonly Uint8Array[]): void {
    this.#send(this.#iopub, this.#codec.encode(type, content, parent, [Buffer.from(`kernel.${type}`)], buffers));
  }

  /** Sends what waits, then closes. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.values());
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#iopub, this.#heartbeat]) {
      socket.close();
    }
  }

  #send(socket: Router | Publisher, frames: Uint8Array[]): void {
    const sent = (this.#queues.get(socket) ?? Promise.resolve()).then(async () => {
      if (!socket.closed) {
        await socket.send(frames as Buffer[]);
      }
    });
    this.#queues.set(
      socket,
      sent.catch((error: unknown) => console.error('A message could not be sent:', error))
    );
  }

  async #listen(channel: Channel, onMessage: (channel: Channel, message: Message) => void): Promise<void> {
    for await (const frames of channel === 'shell' ? this.#shell : this.#control) {
      const message = this.#codec.decode(frames);
      if (message) {
        onMessage(channel, message);
      } else {
        this.#ignored.say();
      }
    }
  }

  async #beat(): Promise<void> {
    for await (const frames of this.#heartbeat) {
      await this.#heartbeat.send(frames);
    }
  }
}
