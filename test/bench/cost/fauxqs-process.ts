// S3 and SQS in a process of their own, so that their processor time is not taken for ours. Prints its address; ends with stdin.

import { startFauxqs } from '#test/support/emulators/fauxqs.ts'

const { endpoint } = await startFauxqs()
process.stdin.on('end', () => process.exit())
process.stdin.resume()
console.log(endpoint)
