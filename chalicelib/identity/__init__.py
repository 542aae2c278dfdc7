"""Who somebody is: tokens of users, and the resume tokens the stack gives out itself."""
