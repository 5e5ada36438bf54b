@echo off
node "%~dp0start.cjs" %*
