import { DOMWidgetView, JupyterLuminoPanelWidget } from '@jupyter-widgets/base';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { ConverterPanel } from './ConverterPanel.tsx';
import type { ConverterModel } from './converterModel.ts';
import { keepSummary } from './keptPictures.ts';
import { summaryOf } from './summary.ts';

/**
 * One place where a `ConverterWidget` is shown: the form or the progress above, the viewer below when the conversion is
 * done.
 */
export class ConverterView extends DOMWidgetView {
  override _createElement(): HTMLElement {
    this.luminoWidget = new JupyterLuminoPanelWidget({ view: this });
    return this.luminoWidget.node;
  }

  override _setElement(element: HTMLElement): void {
    if (this.el || element !== this.luminoWidget.node) {
      throw new Error('The element of this view is its panel’s and cannot be another.');
    }
    this.el = element;
  }

  override render(): void {
    super.render();
    const panel = this.luminoWidget as JupyterLuminoPanelWidget;
    panel.addClass('mct-Converter');
    panel.addClass('jupyter-widgets');
    this._form = ReactWidget.create(React.createElement(ConverterPanel, { model: this.model as ConverterModel }));
    panel.addWidget(this._form);
    this.listenTo(this.model, 'change:viewer', () => void this._showViewer());
    void this._showViewer();
    const { context } = this.model.widget_manager as { context?: Parameters<typeof keepSummary>[0] };
    keepSummary(context, this.model.model_id, () => summaryOf(this.model as ConverterModel));
  }

  override remove(): unknown {
    this._form?.dispose();
    this._viewer?.remove();
    return super.remove();
  }

  private async _showViewer(): Promise<void> {
    const { viewer } = this.model as ConverterModel;
    const turn = (this._turn ?? 0) + 1;
    this._turn = turn;
    this._viewer?.remove();
    this._viewer = undefined;
    if (!viewer) {
      return;
    }
    const view = await this.create_child_view(viewer);
    if (turn !== this._turn || this.luminoWidget.isDisposed) {
      view.remove();
      return;
    }
    this._viewer = view;
    (this.luminoWidget as JupyterLuminoPanelWidget).addWidget(view.luminoWidget);
  }

  // Backbone's constructor calls `render`: fields with initializers would come too late.
  declare private _form?: ReactWidget;
  declare private _viewer?: DOMWidgetView;
  declare private _turn?: number;
}
