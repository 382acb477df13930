// What went wrong, as a line where it was tried. It can have the focus, so that it is read out.

import { explainFailure } from './failure.tsx'

export function FaultLine({ failure }: { readonly failure: unknown }) {
  if (failure === undefined) return null
  return (
    <p class="notice bad" role="alert" tabIndex={-1}>
      {explainFailure(failure)}
    </p>
  )
}
