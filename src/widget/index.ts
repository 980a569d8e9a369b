export { ViewerModel } from './viewerModel.ts';
export { ViewerView } from './viewerView.ts';
export { ConverterModel } from './converterModel.ts';
export { ConverterView } from './converterView.ts';
