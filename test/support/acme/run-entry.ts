// Runs the function `certificates` once, in a process of its own, with the environment it is given.

import { handler } from '#services/aws/certificates.ts'

await handler()
