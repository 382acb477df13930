// Where everything is deployed here: fauxqs knows this account only.

import type { Place } from './wire-request.ts'

export const localPlace: Place = { region: 'eu-central-1', accountId: '000000000000' }
