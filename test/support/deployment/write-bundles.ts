// Makes all bundles and prints their folders; the broker of a test run starts it.

import { functionNames } from '#services/aws/environment.ts'
import { makeBundles } from '../../../cdk/bundles.ts'

const { image, functionCode } = await makeBundles({ api: 'on' })
const functions = functionNames.map((name) => [name, functionCode(name)])
console.log(JSON.stringify({ edge: image, ...Object.fromEntries(functions) }))
