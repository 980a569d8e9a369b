import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';

/** Writes a Python notebook with these cells under the server's root. */
export function writeNotebook(jupyter: Jupyter, path: string, cells: string[]): void {
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
    cells: cells.map((source, index) => ({
      id: `cell-${index}`,
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source
    }))
  };
  writeFileSync(join(jupyter.root, path), JSON.stringify(notebook));
}

/** As much of JupyterLab's notebook panel as is waited for. */
interface Panel {
  context: { ready: Promise<void>; save(): Promise<void> };
  sessionContext: { ready: Promise<void>; session: { kernel: { info: Promise<unknown> } } };
}

/** A notebook in JupyterLab, with its kernel. */
export class NotebookPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  static async open(jupyter: Jupyter, path: string): Promise<NotebookPage> {
    const page = await jupyter.open(`lab/tree/${path.split('/').map(encodeURIComponent).join('/')}`);
    page.setDefaultTimeout(60_000);
    const notebook = new NotebookPage(page);
    await notebook.ready();
    return notebook;
  }

  /** Waits until the notebook is loaded and its kernel has answered. */
  async ready(): Promise<void> {
    await this.page.locator('.jp-Notebook .jp-CodeCell').first().waitFor();
    const ready = this.page.evaluate(async () => {
      const { shell } = (window as unknown as { jupyterapp: { shell: { currentWidget: Panel | null } } }).jupyterapp;
      while (!shell.currentWidget?.sessionContext) {
        await new Promise(done => setTimeout(done, 50));
      }
      const { currentWidget } = shell;
      await currentWidget.context.ready;
      await currentWidget.sessionContext.ready;
      await currentWidget.sessionContext.session.kernel.info;
    });
    await this.within(ready, 'notebook and kernel to be ready');
  }

  /** Waits for what the page promises: Playwright does so without end. */
  private async within(promised: Promise<void>, what: string): Promise<void> {
    const late = Symbol();
    const first = await Promise.race([promised, sleep(90_000, late, { ref: false })]);
    if (first === late) {
      const asked = await this.page.locator('.jp-Dialog').allInnerTexts();
      throw new Error(`waited in vain for ${what}; JupyterLab asks: ${asked.join('; ') || 'nothing'}`);
    }
  }

  cell(index: number): Locator {
    return this.page.locator('.jp-Notebook .jp-CodeCell').nth(index);
  }

  /** Output of a cell. */
  output(index: number): Locator {
    return this.cell(index).locator('.jp-Cell-outputArea');
  }

  /** Starts a cell. */
  async start(index: number): Promise<void> {
    await this.cell(index).locator('.jp-InputPrompt').click();
    await this.page.keyboard.press('Control+Enter');
  }

  /** Runs a cell to its end, and answers with what it has put out as text. */
  async run(index: number): Promise<string> {
    const prompt = this.cell(index).locator('.jp-InputPrompt');
    const before = await prompt.innerText();
    const end = Date.now() + 60_000;
    await this.start(index);
    for (let text = before; text === before || !/\[\d+\]/.test(text); text = await prompt.innerText()) {
      if (Date.now() > end) {
        throw new Error(`Cell ${index} did not end: ${text}`);
      }
      await sleep(50);
    }
    const texts = await this.output(index).locator('.jp-RenderedText').allInnerTexts();
    return texts.join('\n').trim();
  }

  /** Saves the notebook and loads the page anew; the kernel goes on. */
  async reload(): Promise<void> {
    const saved = this.page.evaluate(() =>
      (
        window as unknown as { jupyterapp: { shell: { currentWidget: Panel } } }
      ).jupyterapp.shell.currentWidget.context.save()
    );
    await this.within(saved, 'the notebook to be saved');
    // The layout is the server's, and other pages of the test have changed it: begin with this notebook alone.
    await this.page.goto(`${this.page.url().split('?')[0]}?reset`);
    await this.page.waitForSelector('#jupyterlab-splash', { state: 'detached', timeout: 90_000 });
    await this.ready();
  }
}
