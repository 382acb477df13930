// A network of public subnets only: containers have public addresses for what they call, and their security group lets in
// nothing but the load balancer. A NAT gateway or interface endpoints would cost more than everything else together.

import { Fn, Stack } from 'aws-cdk-lib'
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  type IVpc,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { tableActions } from './permissions.ts'
import type { Storage } from './storage.ts'

export class Network extends Construct {
  readonly vpc: IVpc

  constructor(
    scope: Construct,
    id: string,
    parts: { readonly availabilityZones: number; readonly storage: Storage },
  ) {
    super(scope, id)
    const { availabilityZones, storage } = parts
    this.vpc = new Vpc(this, 'Vpc', {
      availabilityZones: zones(availabilityZones),
      natGateways: 0,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: false },
      ],
      flowLogs: {
        All: {
          destination: FlowLogDestination.toS3(storage.logs, 'flow'),
          trafficType: FlowLogTrafficType.ALL,
        },
      },
      // Nothing is in it; taking its rules away needs a function of its own.
      restrictDefaultSecurityGroup: false,
      // The library's classes miss their interfaces by an `undefined`, which the project's compiler minds.
    }) as IVpc
    this.#open(GatewayVpcEndpointAwsService.DYNAMODB, 'DynamoDb', [
      through(
        tableActions,
        Object.values(storage.tables).map(({ tableArn }) => tableArn),
      ),
    ])
    this.#open(GatewayVpcEndpointAwsService.S3, 'S3', [
      through(
        ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
        [storage.objects.arnForObjects('mail/*')],
      ),
      through(['s3:ListBucket'], [storage.objects.bucketArn]),
      // Where the image registry keeps the layers of images.
      through(['s3:GetObject'], [layersOfImages(Stack.of(this))]),
    ])
  }

  /** A way to our own tables and objects that costs nothing, and to nobody else's. */
  #open(service: GatewayVpcEndpointAwsService, id: string, statements: PolicyStatement[]): void {
    const endpoint = this.vpc.addGatewayEndpoint(id, { service })
    for (const statement of statements) endpoint.addToPolicy(statement)
  }
}

/** The first zones of whatever region it is; looking their names up would need an account. */
function zones(count: number): string[] {
  return Array.from({ length: count }, (_, index) => Fn.select(index, Fn.getAzs()))
}

function through(actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    principals: [new AnyPrincipal()],
    actions: [...actions],
    resources: [...resources],
  })
}

function layersOfImages({ partition, region }: Stack): string {
  return `arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`
}
