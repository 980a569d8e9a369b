// Another extension of JupyterLab that uses the helper: compiled by the linter against the package's own declarations.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { HelperError, IHelper, type Job, type Plan } from 'microct-io-vis';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'other:converts',
  autoStart: true,
  requires: [IHelper],
  activate: (_: JupyterFrontEnd, helper: IHelper) => {
    const start = async (source: string): Promise<Job | HelperError['code']> => {
      try {
        const plan: Plan = await helper.request('estimate', { source, options: { levels: 3 } });
        return await helper.request('start', { source, options: { levels: plan.levels.length } });
      } catch (error) {
        return error instanceof HelperError ? error.code : 'lost';
      }
    };
    // @ts-expect-error there is no such method
    void helper.request('plan', {});
    void start('scan.tif').then(job => console.log(job, helper.jobs.items.length));
  }
};
export default plugin;
