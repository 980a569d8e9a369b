import { setTimeout as sleep } from 'node:timers/promises';
import { VERSION } from '../../model/version.ts';
import { HELPER, type Job } from '../../protocol/index.ts';
import { UsageError } from '../cli/parse.ts';
import { COMMAND_LINE, inWords } from '../../model/words.ts';
import { toFailure } from '../failure.ts';
import { Jobs } from '../jobs.ts';
import { Records } from '../records.ts';
import { Service } from '../service.ts';
import type { Bundle, CellOutput } from './cells.ts';
import { Looks } from '../../convert/index.ts';
import { ENGINE, MOST_CODE, runCell } from './cells.ts';
import { Comms } from './comms.ts';
import { complete, inspectAt } from './complete.ts';
import type { Content, Message, Parent } from './message.ts';
import { PROTOCOL_VERSION } from './message.ts';
import type { Channel, Sockets } from './sockets.ts';
import { splitWords } from './words.ts';

const BANNER = `microct-io-vis ${VERSION}: converts micro-CT volumes (TIFF) to OME-Zarr pyramids.
A line is a command, for example: info scan.tif
? shows all of them, convert? shows one.`;

/** Milliseconds that jobs may take to end; Jupyter kills a kernel that takes long to go. */
const PATIENCE = 8_000;
/** Milliseconds in which the cells that were sent along with a failed one arrive. */
const GATHER = 50;
/** Milliseconds in which a shutdown follows the interrupt that Jupyter sends before each. */
const BEFORE_SHUTDOWN = 1_500;

/**
 * The Jupyter kernel. Cells run one after another; everything else is answered at once, also while a cell or a job
 * runs. It calls itself busy while any of these does, so that a server that ends idle kernels spares it.
 * https://jupyter-client.readthedocs.io/en/stable/messaging.html
 */
export class Kernel {
  readonly #sockets: Sockets;
  readonly #jobs = new Jobs(ENGINE);
  readonly #comms: Comms;
  readonly #folder = process.cwd();
  #cells: Promise<void> = Promise.resolve();
  #cell: AbortController | null = null;
  #arrived = 0;
  #abortedUpTo = 0;
  #count = 0;
  #wasActive = false;
  #ending: Promise<void> | null = null;

  /** `records`: the folder that records of jobs are kept in. */
  constructor(sockets: Sockets, records: string) {
    this.#sockets = sockets;
    const service = new Service(ENGINE, this.#jobs, new Looks(() => this.#jobs.active), this.#folder);
    this.#comms = new Comms(service, this.#jobs, new Records(records, this.#folder), (...message) =>
      this.#sockets.publish(...message)
    );
    this.#jobs.listen(() => this.#onJobs());
  }

  /** Resolves when the kernel takes messages. */
  async start(): Promise<void> {
    await this.#sockets.open((channel, message) => this.#receive(channel, message));
    this.#status('starting', null);
  }

  /** Cancels the cell that runs; without one, the jobs that run. */
  interrupt(): void {
    this.#interruption()();
  }

  /** Cancels what runs now, when it is called, unless that has ended. */
  #interruption(): () => void {
    const cell = this.#cell;
    if (cell) {
      return () => cell.abort();
    }
    const running = new Set(this.#running().map(({ id }) => id));
    return () => this.#running().forEach(({ id }) => running.has(id) && this.#jobs.cancel(id));
  }

  /**
   * Jupyter interrupts each kernel before it shuts it down, also where a server stops: only an interrupt that no
   * shutdown follows is a person's.
   */
  async #interruptUnlessEnding(): Promise<void> {
    const interruption = this.#interruption();
    await sleep(BEFORE_SHUTDOWN);
    if (!this.#ending) {
      interruption();
    }
  }

  /**
   * Ends all jobs, and the process when they have: nobody said that they are not wanted any more, so what is done of
   * them is kept to be resumed. `reason`: `ended by SIGTERM` and the like.
   */
  end(reason: string, status = 0): Promise<void> {
    this.#ending ??= (async () => {
      const running = this.#running();
      // Before the cell is told, which would cancel its job.
      const closed = this.#jobs.close(reason, PATIENCE);
      this.#cell?.abort();
      await closed;
      for (const { id } of running) {
        const job = this.#jobs.list().find(each => each.id === id);
        if (job?.error) {
          console.error(`microct-io-vis: ${inWords(job.error.message, COMMAND_LINE)}`);
        }
      }
      this.#status('idle', null);
      await this.#sockets.close();
      process.exit(status);
    })();
    return this.#ending;
  }

  #running(): Job[] {
    return this.#jobs.list().filter(({ state }) => state === 'running');
  }

  #receive(channel: Channel, message: Message): void {
    if (message.header.msg_type === 'execute_request') {
      const number = ++this.#arrived;
      this.#cells = this.#cells.then(() => this.#during(message, () => this.#execute(message, number)));
      return;
    }
    void this.#during(message, () => this.#answer(channel, message));
  }

  /** Does some work between `busy` and `idle`. */
  async #during(parent: Parent, work: () => void | Promise<void>): Promise<void> {
    this.#status('busy', parent);
    try {
      await work();
    } catch (error) {
      console.error(`A ${parent.header.msg_type} failed:`, error);
    }
    this.#status('idle', parent);
    if (this.#cell || this.#jobs.active) {
      // Clients and server take the last word for the kernel's state.
      this.#status('busy', null);
    }
  }

  #status(execution_state: 'starting' | 'busy' | 'idle', parent: Parent | null): void {
    this.#sockets.publish('status', { execution_state }, parent);
  }

  #onJobs(): void {
    const { active } = this.#jobs;
    if (active !== this.#wasActive) {
      this.#wasActive = active;
      if (!this.#cell) {
        this.#status(active ? 'busy' : 'idle', null);
      }
    }
  }

  async #answer(channel: Channel, message: Message): Promise<void> {
    const { header, content } = message;
    const reply = (type: string, answer: Content): void =>
      this.#sockets.reply(channel, message, type, { status: 'ok', ...answer });
    const whole = textOf(content.code);
    const code = whole.length > MOST_CODE ? '' : whole;
    switch (header.msg_type) {
      case 'kernel_info_request':
        return reply('kernel_info_reply', KERNEL_INFO);
      case 'complete_request': {
        const { matches, start, end } = complete(code, toUnits(code, Number(content.cursor_pos)), this.#folder);
        const place = { cursor_start: toPoints(code, start), cursor_end: toPoints(code, end) };
        return reply('complete_reply', { matches, ...place, metadata: {} });
      }
      case 'inspect_request': {
        const text = inspectAt(code, toUnits(code, Number(content.cursor_pos)));
        const data = text === null ? {} : { 'text/plain': text };
        return reply('inspect_reply', { found: text !== null, data, metadata: {} });
      }
      case 'is_complete_request': {
        const isOpen = code.split('\n').some(line => splitWords(line).at(-1)?.open);
        return this.#sockets.reply(channel, message, 'is_complete_reply', { status: isOpen ? 'invalid' : 'complete' });
      }
      case 'history_request':
        return reply('history_reply', { history: [] });
      case 'comm_info_request':
        return reply('comm_info_reply', { comms: this.#comms.info(content.target_name) });
      case 'comm_open':
        return this.#comms.open(content, message);
      case 'comm_msg':
        return this.#comms.receive(content, message);
      case 'comm_close':
        return this.#comms.close(content);
      case 'interrupt_request':
        reply('interrupt_reply', {});
        return this.#interruptUnlessEnding();
      case 'shutdown_request': {
        const restart = content.restart === true;
        reply('shutdown_reply', { restart });
        this.#sockets.publish('shutdown_reply', { status: 'ok', restart }, message);
        void this.end(restart ? 'ended, because the kernel is restarted' : 'ended, because the kernel is shut down');
        return;
      }
    }
  }

  async #execute(message: Message, number: number): Promise<void> {
    const { content } = message;
    const reply = (answer: Content): void => this.#sockets.reply('shell', message, 'execute_reply', answer);
    if (number <= this.#abortedUpTo) {
      return reply({ status: 'aborted', execution_count: this.#count });
    }
    const code = textOf(content.code);
    const silent = content.silent === true;
    if (!silent) {
      this.#count++;
      this.#sockets.publish('execute_input', { code, execution_count: this.#count }, message);
    }
    this.#cell = new AbortController();
    try {
      await runCell(code, this.#jobs, this.#output(message, silent), this.#cell.signal);
      reply({ status: 'ok', execution_count: this.#count, user_expressions: {}, payload: [] });
    } catch (error) {
      if (content.stop_on_error !== false) {
        // "Run all" sends its cells at once: let those that are under way arrive, or they would run.
        await sleep(GATHER);
        this.#abortedUpTo = this.#arrived;
      }
      const { code: ename, message: evalue } = inWords(
        error instanceof UsageError ? { code: 'bad-option', message: error.message } : toFailure(error),
        COMMAND_LINE
      );
      const failure = { ename, evalue, traceback: [`microct-io-vis: ${evalue}`] };
      if (!silent) {
        this.#sockets.publish('error', failure, message);
      }
      reply({ status: 'error', execution_count: this.#count, ...failure });
    } finally {
      this.#cell = null;
    }
  }

  #output(parent: Parent, silent: boolean): CellOutput {
    const publish = (type: string, content: object): void => {
      if (!silent) {
        this.#sockets.publish(type, content, parent);
      }
    };
    let displays = 0;
    return {
      text: text => publish('stream', { name: 'stdout', text }),
      display: bundle => {
        const transient = { display_id: `${parent.header.msg_id}-${displays++}` };
        publish('display_data', { data: bundle, metadata: {}, transient });
        return (next: Bundle) => publish('update_display_data', { data: next, metadata: {}, transient });
      },
      result: data => publish('execute_result', { data, metadata: {}, execution_count: this.#count })
    };
  }
}

const KERNEL_INFO = {
  protocol_version: PROTOCOL_VERSION,
  implementation: HELPER,
  implementation_version: VERSION,
  language_info: {
    name: HELPER,
    version: VERSION,
    mimetype: 'text/x-sh',
    file_extension: '.txt',
    pygments_lexer: 'text',
    codemirror_mode: 'shell'
  },
  banner: BANNER,
  help_links: [
    { text: 'OME-Zarr', url: 'https://ngff.openmicroscopy.org' },
    { text: 'Neuroglancer', url: 'https://github.com/google/neuroglancer' }
  ],
  debugger: false
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A position in UTF-16 units; the protocol counts Unicode characters. */
function toUnits(text: string, points: number): number {
  return Number.isFinite(points) ? [...text].slice(0, points).join('').length : text.length;
}

function toPoints(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}
