export { ConvertForm } from './ConvertForm.tsx';
export type { ConvertFormProps, Draft } from './ConvertForm.tsx';
export type { Planner } from './planner.ts';
export { toFailure } from './planner.ts';
export { EMPTY_VALUES, readValues } from './values.ts';
export type { FormValues, Triple } from './values.ts';
export { PlanView, SourceFacts } from './PlanView.tsx';
export * from './describe.ts';
export { baseName, defaultOutputName } from './output.ts';
