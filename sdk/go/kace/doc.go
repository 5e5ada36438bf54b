// A native Pulumi provider that finds machines, installs the KACE agent on them and keeps it right
package kace
