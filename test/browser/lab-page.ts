import type { Locator, Page } from 'playwright-core';

interface App {
  jupyterapp: { commands: { execute(id: string): Promise<unknown> } };
}

/** Actions of a person in JupyterLab's file browser and with what this extension adds to it. */
export class LabPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** A file or folder of the folder that is shown. */
  item(name: string): Locator {
    const label = this.page.locator('.jp-DirListing-itemText', { hasText: new RegExp(`^\\s*${escape(name)}\\s*$`) });
    return this.page.locator('.jp-DirListing-item', { has: label });
  }

  /** Lists the folder anew, so that it is not redrawn under a click by what looks for new files every ten seconds. */
  async refresh(): Promise<void> {
    await this.page.evaluate(async () => {
      await (window as unknown as App).jupyterapp.commands.execute('filebrowser:refresh');
    });
  }

  /** Right-clicks the selected files, chooses *Convert to OME-Zarr…*, and answers with the dialog. */
  async convert(...names: string[]): Promise<DialogPage> {
    await this.refresh();
    return this.dialogFrom(async () => {
      await this.item(names[0]).click();
      for (const name of names.slice(1)) {
        await this.item(name).click({ modifiers: ['ControlOrMeta'] });
      }
      await this.item(names[0]).click({ button: 'right' });
      await this.page.locator('.lm-Menu-item[data-command="microct-io-vis:convert"]').click();
    });
  }

  /** Begins a conversion of a large volume that takes a while: one worker and the slowest codec. */
  async convertLarge(output: string, source = 'large.tif'): Promise<void> {
    const dialog = await this.convert(source);
    await dialog.field('Output').fill(output);
    await dialog.field('Compression').selectOption('gzip');
    await this.page.getByText('voxel size, workers').click();
    await dialog.field('Worker threads').fill('1');
    await dialog.ready();
    await dialog.accept();
    await this.toast(output).getByRole('button', { name: 'Cancel' }).waitFor();
  }

  /** The dialog that an action, or a click, opens. */
  async dialogFrom(opener: Locator | (() => Promise<void>)): Promise<DialogPage> {
    await (typeof opener === 'function' ? opener() : opener.click());
    const root = this.page.locator('.mct-ConvertDialog');
    await root.locator('.mct-ConvertForm').waitFor();
    return new DialogPage(root);
  }

  /** Ids of this extension's commands in the context menu of an item. */
  async offers(name: string): Promise<string[]> {
    await this.refresh();
    await this.item(name).click({ button: 'right' });
    const menu = this.page.locator('.lm-Menu').first();
    await menu.waitFor();
    const ids = await menu
      .locator('.lm-Menu-item')
      .evaluateAll(nodes =>
        nodes
          .filter(node => !node.classList.contains('lm-mod-hidden'))
          .map(node => node.getAttribute('data-command') ?? '')
      );
    await menu.press('Escape');
    await menu.waitFor({ state: 'detached' });
    return ids.filter(id => id.startsWith('microct-io-vis:'));
  }

  /** Goes into a folder, or with `..` up to the root. */
  async enter(name: string): Promise<void> {
    if (name === '..') {
      await this.page.locator('.jp-BreadCrumbs-home').click();
      await this.page.locator('.jp-BreadCrumbs-item').first().waitFor({ state: 'detached' });
    } else {
      await this.item(name).dblclick();
      await this.page.locator('.jp-BreadCrumbs-item', { hasText: name }).waitFor();
    }
  }

  /** The notification that names an output. */
  toast(output: string): Locator {
    return this.page.locator('.Toastify__toast', { hasText: output }).first();
  }

  /** The *Conversions* section of the Running panel. */
  async conversions(): Promise<Locator> {
    await this.page.locator('.jp-SideBar [data-id="jp-running-sessions"]').click();
    const section = this.page.locator('.jp-RunningSessions-section', {
      has: this.page.locator('.mct-Conversion')
    });
    await section.waitFor();
    return section;
  }

  /** Shows the file browser. */
  async files(): Promise<void> {
    // A click on the tab of what is shown hides it, and a list that is being read has nothing in sight.
    if (!(await this.page.locator('#filebrowser').isVisible()))
      await this.page.locator('.jp-SideBar [data-id="filebrowser"]').click();
    await this.page.locator('.jp-DirListing-content').waitFor();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.waitForSelector('.jp-DirListing-item', { timeout: 90_000 });
  }

  /** Dismisses dialogs, menus and notifications, and goes back to the files of the root. */
  async settle(): Promise<void> {
    const over = this.page.locator('.jp-Dialog, .lm-Menu');
    for (let tries = 0; tries < 5 && (await over.count()) > 0; tries++) {
      await this.page.keyboard.press('Escape');
      await this.page.waitForTimeout(100);
    }
    await this.files();
    await this.page.locator('.jp-BreadCrumbs-home').click();
    // They pile up until the oldest are out of sight.
    const closers = this.page.locator('.Toastify__toast .jp-Notification-Toast-Close');
    await closers.evaluateAll(buttons => buttons.forEach(button => (button as HTMLElement).click()));
  }

  /**
   * Closes every tab of the main area, and waits until this extension's are gone. Not by clicks: a tab that comes or
   * goes takes the click away from the one whose mouse button is just down.
   */
  async closeTabs(): Promise<void> {
    await this.page.evaluate(async () => {
      await (window as unknown as App).jupyterapp.commands.execute('application:close-all');
    });
    await this.page.locator('.mct-ViewerPanel, .mct-TiffView').first().waitFor({ state: 'detached' });
  }
}

/** The dialog of a conversion. */
export class DialogPage {
  readonly root: Locator;

  constructor(root: Locator) {
    this.root = root;
  }

  field(label: string): Locator {
    return this.root.getByLabel(label).first();
  }

  text(): Promise<string> {
    return this.root.innerText();
  }

  /** Waits until there is a plan for what the fields say. */
  async ready(): Promise<void> {
    await this.root.locator('.mct-Plan:not(.mct-mod-stale)').waitFor();
    await this.root.locator('button.jp-mod-accept:enabled').waitFor();
  }

  isReady(): Promise<boolean> {
    return this.root.locator('button.jp-mod-accept').isEnabled();
  }

  isOpen(): Promise<boolean> {
    return this.root.isVisible();
  }

  closed(): Promise<void> {
    return this.root.waitFor({ state: 'detached' });
  }

  async accept(): Promise<void> {
    await this.root.locator('button.jp-mod-accept').click();
    await this.closed();
  }

  /** Error shown at a field. */
  async error(label: string): Promise<string> {
    const error = this.root.locator('.mct-Field', { hasText: label }).locator('.mct-Field-error');
    await error.waitFor();
    return (await error.textContent()) ?? '';
  }

  /** Shapes of the planned levels. */
  levels(): Promise<string[]> {
    return this.root.locator('.mct-Plan .mct-Levels tbody td:nth-child(2)').allTextContents();
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
