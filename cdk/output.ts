// Outputs of the stacks under keys that never change: `cdk deploy --outputs-file cdk-outputs.json` is how the command line
// learns what the system is called.

import { CfnOutput } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

export function output(scope: Construct, key: string, value: string): void {
  new CfnOutput(scope, `${key}Output`, { value }).overrideLogicalId(key)
}
