import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeRates } from './rates.ts'

describeRates('embedded', openEmbedded)
