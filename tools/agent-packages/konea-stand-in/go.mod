module pulumi-kace/tools/konea-stand-in

go 1.26
